"""Images: whether one is there, pulling it with back-off and with whose login.

pulling.py   states and pulls, in a lane     logins.py   pull secrets and the person's logins, in order
The sandbox's own is `engine/sandbox_image.py`: what ends commands uses it, too.
"""
