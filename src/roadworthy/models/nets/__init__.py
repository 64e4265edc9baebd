"""Networks: the only room that knows torch, which is loaded when a net is fitted or read back."""
