"""Files that tests upload."""

from io import BytesIO

from PIL import Image

#: What a player takes for mp4: the first box of a film.
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 200
ORIENTATION, CAMERA = 0x0112, 0x010F


def picture(kind="JPEG", size=(60, 40), mode="RGB", **more):
    """A picture with something to see in it."""
    written = BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(written, kind, **more)
    return written.getvalue()


def snapped(camera="Cam Era 7", orientation=6, **more):
    """A photo as a phone takes it: on its side, and with a note of who took it."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[CAMERA] = orientation, camera
    return picture(exif=exif, comment=b"taken at home", **more)


def opened(content):
    """What is in a file."""
    return Image.open(BytesIO(content))


def form(fields, files):
    """A body in parts as a browser sends it, and its type."""
    body = b""
    for name, value in fields.items():
        body += f'--parts\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, content in files.items():
        head = f'--parts\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.jpg"\r\n'
        body += f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + content + b"\r\n"
    return body + b"--parts--\r\n", "multipart/form-data; boundary=parts"
