"""Single sign-on by OpenID Connect: people sign in at one issuer, which also names their groups.

`issuer` is what the operator says of it and what its claims say of a person, `flow` the way there and back,
`issuer_accounts` which account such a person has. `id_tokens` verifies who signed in, for `flow` alone.

Nothing is imported here: `linking.accounts.sign_in` asks `issuer` whose password counts, and `issuer_accounts` asks
`sign_in` for the name of the first administrator.
"""

__all__ = ["flow", "issuer", "issuer_accounts"]
