"""People and the law: what is kept of a person (`kept`), exported, erased, and not stored again; how long all is kept.

`find_subject` says whom a request means, `export` and `erase` act on that, `receipts` tells of it. Whether somebody may
be stored is asked in `linking.keeping`, below the features that store.
"""

from linking.keeping import ErasureKeyLost
from linking.privacy import receipts, retention
from linking.privacy.erase_person import Receipt, count, erase
from linking.privacy.export_person import export, record_export
from linking.privacy.kept import HOLD_NOBODY, TABLES, list_unlisted
from linking.privacy.subject import BadSubject, Name, Subject, find_subject

__all__ = [
    "HOLD_NOBODY", "TABLES", "BadSubject", "ErasureKeyLost", "Name", "Receipt", "Subject", "count", "erase", "export",
    "find_subject", "list_unlisted", "receipts", "record_export", "retention",
]  # fmt: skip
