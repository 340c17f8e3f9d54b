"""Files of succeeded transfers: key (asset, file id); what they hold is in S3, immutable, and there before its row is.

transfers/<asset>/<file id>.json     the transfers themselves, for anyone

The row of id 0 is no file: it tells how far an asset's files reach.
"""

from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute

from chalicelib import settings
from chalicelib.core.orders import Page
from chalicelib.stores import archive, aws
from chalicelib.stores.table import Integer, Table, updated


class FileRow(Table):
    """One file, or (id 0) up to which moment (`reach`, ms) all succeeded transfers are in files."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("transfer_files")

    asset = UnicodeAttribute(hash_key=True)
    id = Integer(range_key=True)
    size = Integer(null=True)
    transfers = Integer(null=True)
    reach = Integer(null=True)


@dataclass(frozen=True, slots=True)
class TransferFile:
    """A file as listed. `id`: the end of its hour, in ms, plus its number within the hour; `size` in bytes."""

    asset: str
    id: int
    size: int
    count: int

    @property
    def name(self) -> str:
        """What people know it by."""
        return f"transfer-{self.id}.json"


def put(file: TransferFile, body: bytes) -> None:
    """Store a file, then list it. The same file may be put again."""
    aws.client("s3").put_object(
        Bucket=settings.BUCKET, Key=_key(file.asset, file.id), Body=body, ContentType="application/json"
    )
    FileRow(file.asset, file.id, size=file.size, transfers=file.count).save()


def reach(asset: str) -> int:
    """Up to which moment (ms) an asset's succeeded transfers are in files, as noted last; 0 before the first."""
    try:
        return FileRow.get(asset, 0, consistent_read=True).reach or 0
    except FileRow.DoesNotExist:
        return 0


def note_reach(asset: str, until: int) -> None:
    """Note that all that succeeded before `until` is in files; an earlier moment changes nothing."""
    updated(FileRow(asset, 0), [FileRow.reach.set(until)], FileRow.reach.does_not_exist() | (FileRow.reach < until))


def listed(asset: str, before: int | None, limit: int) -> Page[TransferFile]:
    """An asset's files with id < `before` (None: from the newest), newest first."""
    condition = FileRow.id > 0 if before is None else FileRow.id.between(1, max(before - 1, 1))
    found = FileRow.query(asset, condition, scan_index_forward=False, limit=limit + 1)
    rows = [_file(row) for row in found]
    return Page(rows[:limit], more=len(rows) > limit)


def get(asset: str, file_id: int) -> TransferFile | None:
    """One file of an asset."""
    try:
        return _file(FileRow.get(asset, file_id)) if file_id > 0 else None
    except FileRow.DoesNotExist:
        return None


def link(file: TransferFile) -> str:
    """A URL that gives anyone the file, for some minutes."""
    return archive.link(_key(file.asset, file.id))


def content(file: TransferFile) -> bytes:
    """The file itself."""
    body: bytes = aws.client("s3").get_object(Bucket=settings.BUCKET, Key=_key(file.asset, file.id))["Body"].read()
    return body


def _key(asset: str, file_id: int) -> str:
    return f"transfers/{asset}/{file_id}.json"


def _file(row: FileRow) -> TransferFile:
    return TransferFile(row.asset, row.id, row.size or 0, row.transfers or 0)
