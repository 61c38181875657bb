"""What a loop watches is told apart: listening sockets, connections within the process, everything else."""

import os
import socket
import unittest

from asynctestkit.loops.outside.descriptors import only_listens, stays_within


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
        """A listening socket is told from one that is connected, from a pipe and from a closed one."""
        listening, client, _ = self.connected()
        self.assertTrue(only_listens(listening.fileno()))
        self.assertFalse(only_listens(client.fileno()))
        reader, writer = os.pipe()
        self.assertFalse(only_listens(reader))
        os.close(reader)
        os.close(writer)
        self.assertFalse(only_listens(reader))

    def test_both_ends_are_here(self):
        """A connection of which both ends are watched stays within, and listening sockets do not matter."""
        listening, client, server = self.connected()
        descriptors = [each.fileno() for each in (listening, client, server)]
        self.assertTrue(stays_within(descriptors))
        self.assertFalse(stays_within(descriptors[:2]))

    def test_a_socket_pair(self):
        """A Unix socket that is connected with this process stays within."""
        one, other = socket.socketpair()
        self.addCleanup(one.close)
        self.addCleanup(other.close)
        self.assertTrue(stays_within([one.fileno()]))

    def test_a_socket_for_datagrams(self):
        """What is bound to a loopback address hears from this host, what is bound to others from anywhere."""
        for address, is_near in (("127.0.0.1", True), ("0.0.0.0", False)):
            server = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((address, 0))
            self.assertEqual(stays_within([server.fileno()]), is_near, address)

    def test_pipes_and_loose_sockets(self):
        """Where the other end is, is not known of a pipe, of a socket without one, and of a closed one."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        loose = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.assertFalse(stays_within([reader]))
        self.assertFalse(stays_within([loose.fileno()]))
        os.close(reader)
        self.assertFalse(stays_within([reader]))
