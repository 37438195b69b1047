/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wait.c - serves PHP's signals and time limit while the library waits.
 *
 * A signal's C handler (pcntl's, or the time limit's) only notes the signal
 * and sets EG(vm_interrupt), which the VM looks at between opcodes. A blocked
 * method has no opcodes, so the library calls phpsync_interrupt instead, which
 * does what the VM would do. With async signals off pcntl does not set
 * vm_interrupt, and the handler runs at the next tick or dispatch, as ever.
 *
 * An exception (or exit) of a handler ends the wait; a change that was sent to
 * a far engine is first carried to its end. So does a bail-out (a fatal error,
 * the time limit): it is caught here, the library's frames are left in order,
 * and phpsync_after_call raises it again.
 */
#include "php_phpsync.h"

static void serve(void)
{
    PHPSYNC_CLEAR_INTERRUPT();
    if (PHPSYNC_TIMED_OUT()) {
        phpsync_raise_timeout();
    } else if (zend_interrupt_function) {
        zend_interrupt_function(EG(current_execute_data));
    }
}

int phpsync_interrupt(void *argument)
{
    (void)argument;
    if (EXPECTED(!PHPSYNC_INTERRUPTED())) return 0;
    if (PHPSYNC_G(deaf) || EG(exception) != NULL) return 0; /* later, when the VM looks itself */
    zend_try
    {
        serve();
    }
    zend_catch
    {
        PHPSYNC_G(bailed_out) = true;
    }
    zend_end_try();
    return PHPSYNC_G(bailed_out) || EG(exception) != NULL;
}

void phpsync_bail_out(void)
{
    PHPSYNC_G(bailed_out) = false;
    zend_bailout();
}
