"""Elliptic curves, as much as it takes to check other people's signatures. Not for making any: it takes its time, visibly.

P-256 is the curve of our signing key in KMS, secp256k1 that of Bitcoin's addresses.
"""

from dataclasses import dataclass

Point = tuple[int, int] | None
"""A point of a curve; None is the point at infinity."""


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ + ax + b over the field of `p`, with a base point of order `n`."""

    p: int
    a: int
    b: int
    n: int
    base: tuple[int, int]

    def has(self, point: tuple[int, int]) -> bool:
        """Whether a point is on the curve."""
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - x * x * x - self.a * x - self.b) % self.p == 0

    def add(self, one: Point, other: Point) -> Point:
        """The sum of two points."""
        if one is None or other is None:
            return one or other
        (x1, y1), (x2, y2) = one, other
        if x1 == x2:
            if (y1 + y2) % self.p == 0:
                return None
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p) % self.p
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p) % self.p
        x3 = (slope * slope - x1 - x2) % self.p
        return x3, (slope * (x1 - x3) - y1) % self.p

    def multiply(self, scalar: int, point: Point) -> Point:
        """A multiple of a point."""
        result: Point = None
        while scalar:
            if scalar & 1:
                result = self.add(result, point)
            point = self.add(point, point)
            scalar >>= 1
        return result


P256 = Curve(
    p=2**256 - 2**224 + 2**192 + 2**96 - 1,
    a=-3,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    base=(
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
SECP256K1 = Curve(
    p=2**256 - 2**32 - 977,
    a=0,
    b=7,
    n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    base=(
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
    ),
)


def verify(curve: Curve, public: tuple[int, int], digest: bytes, r: int, s: int) -> bool:
    """Whether (r, s) is the ECDSA signature of `digest` by the key `public`."""
    if not (0 < r < curve.n and 0 < s < curve.n and curve.has(public)):
        return False
    inverse = pow(s, -1, curve.n)
    number = int.from_bytes(digest, "big")
    point = curve.add(
        curve.multiply(number * inverse % curve.n, curve.base), curve.multiply(r * inverse % curve.n, public)
    )
    return point is not None and point[0] % curve.n == r


def recover(curve: Curve, digest: bytes, r: int, s: int, which: int) -> tuple[int, int] | None:
    """The public key whose signature of `digest` (r, s) is; `which` (0 to 3) tells it from the others that it could be."""
    if not (0 < r < curve.n and 0 < s < curve.n):
        return None
    x = r + curve.n * (which >> 1)
    if x >= curve.p:
        return None
    square = (x * x * x + curve.a * x + curve.b) % curve.p
    y = pow(square, (curve.p + 1) // 4, curve.p)  # the primes of both curves are 3 modulo 4
    if y * y % curve.p != square:
        return None
    if y & 1 != which & 1:
        y = curve.p - y
    inverse = pow(r, -1, curve.n)
    number = int.from_bytes(digest, "big")
    return curve.add(
        curve.multiply(s * inverse % curve.n, (x, y)), curve.multiply(-number * inverse % curve.n, curve.base)
    )
