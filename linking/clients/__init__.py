"""The only ways out: the two vendors over HTTP, each in one module, all through the guarded call of `outbound`."""
