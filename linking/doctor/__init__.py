"""The token doctor: says why a pasted token, request or answer is refused, and what to do.

Pages, API and command call `service`. `diagnosis` judges, `paste*` find the token in a paste, `causes` has the
sentences. The rules are those of `linking/tokens`. `player` says why a player is linked or not, by the steps of `walk`.
"""

from linking.doctor import cookie_reach
from linking.doctor.causes import CAUSES
from linking.doctor.claim_text import write_claim
from linking.doctor.paste import PASTE_MAX_CHARACTERS
from linking.doctor.player import PlayerWalk, explain_players
from linking.doctor.service import diagnose_paste, may_diagnose
from linking.doctor.verdicts import Diagnosis, TokenKind, Verdict, VerdictState
from linking.doctor.walk import StepState, WalkStep

__all__ = [
    "CAUSES", "PASTE_MAX_CHARACTERS", "Diagnosis", "PlayerWalk", "StepState", "TokenKind", "Verdict", "VerdictState",
    "WalkStep", "cookie_reach", "diagnose_paste", "explain_players", "may_diagnose", "write_claim",
]  # fmt: skip
