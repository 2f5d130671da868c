/*
 * LD_PRELOAD library for nft, iptables and conntrack inside a user namespace.
 *
 * They ask for a large netlink send buffer with SO_SNDBUFFORCE, which needs CAP_NET_ADMIN in the first user namespace.
 * Refused, they go on with the default of some 200 KiB, and a transaction of a few hundred rules then fails with
 * "Message too long". SO_SNDBUF needs no capability and gives up to twice net.core.wmem_max, so it is tried instead.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/socket.h>

typedef int setsockopt_function(int, int, int, const void *, socklen_t);

int setsockopt(int socket, int level, int name, const void *value, socklen_t length)
{
	static setsockopt_function *next;

	if (next == NULL)
		next = (setsockopt_function *)dlsym(RTLD_NEXT, "setsockopt");

	int result = next(socket, level, name, value, length);

	if (result != 0 && level == SOL_SOCKET && name == SO_SNDBUFFORCE)
		result = next(socket, level, SO_SNDBUF, value, length);
	return result;
}
