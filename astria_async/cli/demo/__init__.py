"""``astria-async demo``: the main job, whole, on loopback sockets."""
