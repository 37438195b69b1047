/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addresses.c - libpq looks names up in a way that blocks, so it gets addresses.
 *
 * The names stay beside them: certificates and password files are about
 * these. A host with several addresses becomes as many hosts, each with its
 * port; one that is not found is left out while others are. Sockets, and
 * hosts whose address the DSN names, stay as they are; and so does a list that
 * libpq will refuse.
 */
#if PSYNC_WITH_POSTGRESQL

#include "addresses.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/resolve.h"

/* Lists with commas that belong together: the so-many-th of each are one entry. */
struct lists {
    char *hosts, *addresses, *ports; /* NULL without entries */
    size_t count;
    bool have_addresses;
};

/* Room for a host's name and a NUL; no name is longer. */
enum { ITEM_SIZE = 1025 };

static bool append(char **list, const char *item)
{
    char *longer = NULL;
    int length = asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? "," : "", item);
    if (length < 0) return false;
    free(*list);
    *list = longer;
    return true;
}

static bool add(struct lists *lists, const char *host, const char *address, const char *port)
{
    lists->count++;
    lists->have_addresses = lists->have_addresses || *address;
    return append(&lists->hosts, host) && append(&lists->addresses, address) && append(&lists->ports, port);
}

/* The index-th item; "" if there is no list, the only one if there is one. False: it is too long. */
static bool item(const char *list, size_t index, char text[ITEM_SIZE])
{
    *text = '\0';
    if (!list) return true;
    for (; index > 0 && strchr(list, ','); index--) list = strchr(list, ',') + 1;
    const size_t length = strcspn(list, ",");
    if (length >= ITEM_SIZE) return false;
    memcpy(text, list, length);
    text[length] = '\0';
    return true;
}

static bool is_name(const char *host)
{
    return *host && *host != '/' && *host != '@'; /* these are sockets */
}

/* Adds an entry for each address of a host. */
static psync_result add_found(net_call *call, struct lists *lists, const char *host, const char *port, int64_t at)
{
    net_lookup *lookup;
    bool whole = true;
    psync_result r = net_resolve(call, host, "0", at, &lookup);
    if (r) return r;
    for (const struct addrinfo *a = net_addresses(lookup); whole && a; a = a->ai_next) {
        char address[ITEM_SIZE];
        int failure = getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
        whole = failure || add(lists, host, address, port);
    }
    net_resolved(lookup);
    return whole ? PSYNC_OK : psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
}

/* The entry of that index. Each name has its share of the time, and leaves one for the connection. */
static psync_result add_entry(net_call *call, struct lists *lists, const pg_parameters *parameters, size_t index,
                              size_t count, int64_t until)
{
    char host[ITEM_SIZE], address[ITEM_SIZE], port[ITEM_SIZE];
    bool whole = item(pg_parameters_get(parameters, "host"), index, host) &&
                 item(pg_parameters_get(parameters, "hostaddr"), index, address) &&
                 item(pg_parameters_get(parameters, "port"), index, port);
    if (!whole)
        return psync_error_set(call->error, PSYNC_ERROR_ARGUMENT, 0, "a host in the DSN is longer than any name");
    const int64_t now = psync__clock->monotonic();
    const int64_t at = count > 1 ? now + (until - now) / (int64_t)(count - index + 1) : until;
    if (is_name(host) && !*address) return add_found(call, lists, host, port, at);
    if (add(lists, host, address, port)) return PSYNC_OK;
    return psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
}

/* Puts the lists into the parameters. */
static bool replace(pg_parameters *parameters, struct lists *lists)
{
    bool whole = pg_parameters_set(parameters, "host", lists->hosts) &&
                 pg_parameters_set(parameters, "hostaddr", lists->addresses);
    if (whole && pg_parameters_get(parameters, "port")) whole = pg_parameters_set(parameters, "port", lists->ports);
    return whole;
}

psync_result pg_addresses_find(net_call *call, pg_parameters *parameters, int64_t until)
{
    struct lists lists = {.count = 0};
    const size_t count = pg_parameters_items(parameters, "host");
    const size_t addresses = pg_parameters_items(parameters, "hostaddr");
    const size_t ports = pg_parameters_items(parameters, "port");
    if ((addresses && addresses != count) || (ports > 1 && ports != count)) return PSYNC_OK; /* libpq says so */
    psync_result r = PSYNC_OK;
    for (size_t i = 0; i < count && (!r || r == PSYNC_ERROR_UNAVAILABLE); i++)
        r = add_entry(call, &lists, parameters, i, count, until);
    if (r == PSYNC_ERROR_UNAVAILABLE && lists.count) r = PSYNC_OK; /* others are found */
    if (!r && lists.have_addresses && !replace(parameters, &lists))
        r = psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
    free(lists.hosts);
    free(lists.addresses);
    free(lists.ports);
    return r;
}

#endif
