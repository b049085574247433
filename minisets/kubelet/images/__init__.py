"""Images: whether one is there, pulling it with back-off and with whose login, and the sandbox's own.

pulling.py   states and pulls, in a lane     logins.py   pull secrets and the person's logins, in order
sandbox_image.py   the image of `pause`, made once from the package's bytes
"""
