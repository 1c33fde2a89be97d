// Interfaces of Linux that Swift's Glibc module leaves out.
//
// Without _GNU_SOURCE, as Glibc's and Dispatch's own modules are: with it fd_set has other members, and the modules do not fit together.
#include <malloc.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

// Hidden without _GNU_SOURCE.
int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
void *memmem(const void *haystack, size_t haystack_length, const void *needle, size_t needle_length);
