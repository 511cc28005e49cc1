"""A phone network for people who have none: Asterisk's AMI as a server, FastAGI as a client."""

from __future__ import annotations
