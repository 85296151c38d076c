"""One module an action: parameters, plan, apply, undo."""
