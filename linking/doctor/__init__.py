"""The token doctor: says why a pasted token, request or answer is refused, and what to do.

`service` is asked by pages, API and command; `diagnosis` judges, `paste*` find the token in what was pasted, `causes`
holds the sentences. It reads the rules of `linking/tokens` and adds none.
"""
