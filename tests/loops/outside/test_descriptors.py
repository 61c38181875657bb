"""Watched descriptors are classified: listening, connected within the process, or other."""

import contextlib
import os
import socket
import unittest

from asynctestkit.loops.outside.descriptors import has_unsent, only_listens, stays_within


class DescriptorsTests(unittest.TestCase):
    def socket(self, *arguments):
        made = socket.socket(*arguments)
        self.addCleanup(made.close)
        return made

    def connected(self):
        listening = self.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        client = self.socket()
        client.connect(listening.getsockname())
        server, _ = listening.accept()
        self.addCleanup(server.close)
        return listening, client, server

    def test_only_listens(self):
        """A listening socket is distinguished from a connected one, a pipe and a closed one."""
        listening, client, _ = self.connected()
        self.assertTrue(only_listens(listening.fileno()))
        self.assertFalse(only_listens(client.fileno()))
        reader, writer = os.pipe()
        self.assertFalse(only_listens(reader))
        os.close(reader)
        os.close(writer)
        self.assertFalse(only_listens(reader))

    def test_both_ends_are_here(self):
        """A connection with both ends watched stays within; listening sockets do not matter."""
        listening, client, server = self.connected()
        descriptors = [each.fileno() for each in (listening, client, server)]
        self.assertTrue(stays_within(descriptors))
        self.assertFalse(stays_within(descriptors[:2]))

    def test_what_was_sent_and_has_not_arrived(self):
        """Data counts as sent when the other end has it, read or not; data without room there is unsent."""
        listening, client, server = self.connected()
        descriptors = [each.fileno() for each in (listening, client, server)]
        self.assertFalse(has_unsent(descriptors))
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.send(bytes(100_000))
        self.assertTrue(has_unsent(descriptors))

    def test_where_unsent_data_is_unknown(self):
        """For a pipe, and for a closed socket, it is not known whether data is unsent."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        self.assertTrue(has_unsent([writer]))
        os.close(reader)
        self.assertTrue(has_unsent([reader]))

    def test_a_socket_pair(self):
        """A Unix socket that is connected with this process stays within."""
        one, other = socket.socketpair()
        self.addCleanup(one.close)
        self.addCleanup(other.close)
        self.assertTrue(stays_within([one.fileno()]))

    def test_a_socket_for_datagrams(self):
        """A socket bound to a loopback address gets datagrams of this host only, others from anywhere."""
        for address, is_near in (("127.0.0.1", True), ("0.0.0.0", False)):
            server = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((address, 0))
            self.assertEqual(stays_within([server.fileno()]), is_near, address)

    def test_pipes_and_loose_sockets(self):
        """For a pipe, an unconnected and a closed socket, the other end is not known."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        loose = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.assertFalse(stays_within([reader]))
        self.assertFalse(stays_within([loose.fileno()]))
        os.close(reader)
        self.assertFalse(stays_within([reader]))
