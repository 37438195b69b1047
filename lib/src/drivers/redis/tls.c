/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tls.c - TLS by OpenSSL, over a socket that stays ours.
 *
 * OpenSSL's own socket layer uses write(2), which raises SIGPIPE, and hides
 * EINTR. So it gets a layer of ours: send with MSG_NOSIGNAL, and recv with the
 * flags of the call. Certificates are read anew for each connection, so that
 * renewed ones are used without a restart.
 */
#if PSYNC_WITH_REDIS

#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct redis_tls {
    SSL *ssl;
    BIO_METHOD *method;
    int fd;
    int flags;             /* of the receive in progress */
    int number;            /* errno of the socket's last call, 0 if that ended well or told the end */
    unsigned long failure; /* OpenSSL's code for what broke the connection, 0 if that was none of TLS */
};

static int socket_write(BIO *bio, const char *bytes, int length)
{
    struct redis_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    int sent = (int)send(tls->fd, bytes, (size_t)length, MSG_NOSIGNAL);
    tls->number = sent < 0 ? errno : 0;
    if (sent < 0 && (tls->number == EAGAIN || tls->number == EINTR)) BIO_set_retry_write(bio);
    return sent;
}

static int socket_read(BIO *bio, char *bytes, int length)
{
    struct redis_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    int got = (int)recv(tls->fd, bytes, (size_t)length, tls->flags);
    tls->number = got < 0 ? errno : 0;
    if (got < 0 && (tls->number == EAGAIN || tls->number == EINTR)) BIO_set_retry_read(bio);
    return got;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

/* Puts a BIO over the socket under tls->ssl. */
static bool put_socket(struct redis_tls *tls)
{
    tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "phpsync");
    if (!tls->method) return false;
    BIO_meth_set_write(tls->method, socket_write);
    BIO_meth_set_read(tls->method, socket_read);
    BIO_meth_set_ctrl(tls->method, socket_control);
    BIO *bio = BIO_new(tls->method);
    if (!bio) return false;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    return true;
}

/* What OpenSSL says, for a message. */
static const char *reason(void)
{
    unsigned long code = ERR_peek_error();
    if (ERR_GET_LIB(code) == ERR_LIB_SYS) return strerror(ERR_GET_REASON(code));
    const char *text = ERR_reason_error_string(code);
    return text ? text : "no reason given";
}

static psync_result bad_file(net_call *call, const char *what, const char *path)
{
    psync_result r = psync_error_set(call->error, PSYNC_ERROR_ARGUMENT, 0, "the %s in %s cannot be used: %s", what,
                                     path, reason());
    ERR_clear_error();
    return r;
}

static psync_result load_files(net_call *call, SSL_CTX *context, const struct redis_options *options)
{
    if (options->cafile && SSL_CTX_load_verify_locations(context, options->cafile, NULL) != 1) {
        return bad_file(call, "cafile's certificates", options->cafile);
    }
    if (!options->cafile && options->verify) SSL_CTX_set_default_verify_paths(context);
    if (!options->cert) return PSYNC_OK;
    if (SSL_CTX_use_certificate_chain_file(context, options->cert) != 1) {
        return bad_file(call, "certificate", options->cert);
    }
    if (SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1) {
        return bad_file(call, "private key", options->key);
    }
    return PSYNC_OK;
}

/* Whom the server has to be: a host's name, which it is also told, or an address. */
static bool expect_host(SSL *ssl, const char *name)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    if (address) {
        ASN1_OCTET_STRING_free(address);
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static psync_result no_memory(net_call *call)
{
    ERR_clear_error();
    return psync_error_set(call->error, PSYNC_ERROR_FULL, 0, "out of memory");
}

static psync_result prepare(net_call *call, struct redis_tls *tls, const struct redis_options *options,
                            const char *host)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) return no_memory(call);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, options->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    psync_result r = load_files(call, context, options);
    if (!r) {
        tls->ssl = SSL_new(context);
        bool ready =
            tls->ssl && put_socket(tls) && expect_host(tls->ssl, options->servername ? options->servername : host);
        if (!ready) r = no_memory(call);
    }
    SSL_CTX_free(context); /* the SSL keeps what it needs */
    return r;
}

/* What to do about a certificate that is refused. */
static const char *advice(long verdict)
{
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "use a name that it is for in the DSN, or tell it by servername=";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "give the server a new one";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "see whether the clocks are right";
    default:
        return "name the authority that it is signed by with cafile=";
    }
}

/* Whether the server turned this client away for its certificate, or for having none. */
static bool is_turned_away(unsigned long code)
{
    switch (ERR_GET_REASON(code)) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        return ERR_GET_LIB(code) == ERR_LIB_SSL;
    default:
        return false;
    }
}

static psync_result turned_away(net_call *call, unsigned long code)
{
    return psync_error_set(call->error, PSYNC_ERROR_PERMISSION, 0,
                           "the server turns this client's certificate away, or wants one: %s; name a good one and "
                           "its key with cert= and key=",
                           ERR_reason_error_string(code));
}

static psync_result handshake_failed(net_call *call, const struct redis_tls *tls)
{
    long verdict = SSL_get_verify_result(tls->ssl);
    unsigned long code = ERR_peek_last_error();
    psync_result r;
    if (verdict != X509_V_OK && code) {
        r = psync_error_set(call->error, PSYNC_ERROR_PERMISSION, (int)verdict,
                            "the server's certificate is refused: %s; %s", X509_verify_cert_error_string(verdict),
                            advice(verdict));
    } else if (is_turned_away(code)) {
        r = turned_away(call, code);
    } else {
        r = psync_error_set(
            call->error, PSYNC_ERROR_UNAVAILABLE, 0,
            "the TLS handshake failed: %s; if the server speaks no TLS, the DSN needs redis:// or tls=no",
            code ? reason() : "the server closed the connection");
    }
    ERR_clear_error();
    return r;
}

static psync_result shake_hands(net_call *call, struct redis_tls *tls)
{
    for (;;) {
        ERR_clear_error();
        int done = SSL_connect(tls->ssl);
        if (done == 1) return PSYNC_OK;
        int wanted = SSL_get_error(tls->ssl, done);
        if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) return handshake_failed(call, tls);
        psync_result r = net_poll(call, tls->fd, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
        if (r == PSYNC_NO) {
            r = psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, 0,
                                "the server does not answer the TLS handshake; if it speaks no TLS, the DSN needs "
                                "redis:// or tls=no");
        }
        if (r) return r;
    }
}

psync_result redis_tls_open(net_call *call, int fd, const struct redis_options *options, const char *host,
                            struct redis_tls **tls)
{
    struct redis_tls *new = calloc(1, sizeof *new);
    if (!new) return no_memory(call);
    new->fd = fd;
    psync_result r = prepare(call, new, options, host);
    if (!r) r = shake_hands(call, new);
    if (r) {
        redis_tls_close(new);
        return r;
    }
    *tls = new;
    return PSYNC_OK;
}

void redis_tls_close(struct redis_tls *tls)
{
    if (!tls) return;
    SSL_free(tls->ssl);
    BIO_meth_free(tls->method);
    free(tls);
}

/* What the socket's functions return, and errno, for a call that returned got. EPROTO: redis_tls_broken tells. */
static ssize_t outcome(struct redis_tls *tls, int got)
{
    if (got > 0) return got;
    int wanted = SSL_get_error(tls->ssl, got);
    tls->failure = wanted == SSL_ERROR_SSL ? ERR_peek_last_error() : 0;
    ERR_clear_error();
    if (wanted == SSL_ERROR_ZERO_RETURN || (wanted == SSL_ERROR_SYSCALL && !tls->number)) return 0;
    errno = wanted == SSL_ERROR_SSL ? EPROTO : tls->number;
    return -1;
}

void redis_tls_broken(net_call *call, const struct redis_tls *tls)
{
    if (is_turned_away(tls->failure)) {
        turned_away(call, tls->failure);
    } else {
        const char *text = ERR_reason_error_string(tls->failure);
        psync_error_set(call->error, PSYNC_ERROR_UNAVAILABLE, EPROTO, "the connection broke: TLS: %s",
                        text ? text : "no reason given");
    }
}

static int at_most_int(size_t length)
{
    return length > INT_MAX ? INT_MAX : (int)length;
}

ssize_t redis_tls_send(struct redis_tls *tls, const char *bytes, size_t length)
{
    ERR_clear_error();
    tls->flags = 0;
    return outcome(tls, SSL_write(tls->ssl, bytes, at_most_int(length)));
}

ssize_t redis_tls_receive(struct redis_tls *tls, char *bytes, size_t length, int flags)
{
    ERR_clear_error();
    tls->flags = flags;
    return outcome(tls, SSL_read(tls->ssl, bytes, at_most_int(length)));
}

#endif
