"""The token doctor: says why a pasted token, request or answer is refused, and what to do.

Pages, API and command call `service`. `diagnosis` judges, `paste*` find the token in a paste, `causes` has the
sentences. The rules are those of `linking/tokens`.
"""

from linking.doctor import cookie_reach
from linking.doctor.causes import CAUSES
from linking.doctor.paste import PASTE_MAX_CHARACTERS
from linking.doctor.service import diagnose_paste, may_diagnose
from linking.doctor.verdicts import Diagnosis, TokenKind, Verdict, VerdictState

__all__ = [
    "CAUSES", "PASTE_MAX_CHARACTERS", "Diagnosis", "TokenKind", "Verdict", "VerdictState", "cookie_reach",
    "diagnose_paste", "may_diagnose",
]  # fmt: skip
