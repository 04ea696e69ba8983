"""The token doctor: says why a pasted token, request or answer is refused, and what to do.

Pages, API and command call `service`. `diagnosis` judges, `paste*` find the token in a paste, `causes` has the
sentences. The rules are those of `linking/tokens`.
"""
