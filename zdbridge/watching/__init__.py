"""What an operator's tools see besides metrics: request IDs, sign-ins in the log, and the error tracker."""
