"""Addresses of sockets as text."""

import unittest

from asynctestkit.leaks.addresses import address


class AddressTests(unittest.TestCase):
    def test_every_family(self):
        """Internet addresses have host and port, Unix ones their path; a socket without a name has ""."""
        for name, text in (
            (("127.0.0.1", 80), "127.0.0.1:80"),
            (("::1", 80, 0, 0), "[::1]:80"),
            ("/run/x.sock", "/run/x.sock"),
            (b"\0abstract", "@abstract"),
            ("", ""),
            (None, ""),
            ((16, 1), ""),
        ):
            with self.subTest(name):
                self.assertEqual(address(name), text)
