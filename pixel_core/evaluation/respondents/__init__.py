"""Who is evaluated: a checkpoint folder or an endpoint, behind one protocol."""
