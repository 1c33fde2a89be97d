// zlib, with the macro that Swift cannot call as a function.
#include <zlib.h>

static inline int amalgam_deflateInit2(z_streamp stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}
