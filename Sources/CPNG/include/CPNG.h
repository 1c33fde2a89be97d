/// A shim over libpng whose setjmp errors become return codes.
///
/// libpng reports an error by longjmp. Every jump starts and lands inside one function of this shim, so none crosses a
/// caller's frame. Nothing here calls back into the caller.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What became of a call.
typedef enum {
    CPNG_OK = 0,
    /// The bytes ended before the picture did.
    CPNG_TRUNCATED = 1,
    /// libpng refused the picture; the message says why.
    CPNG_DAMAGED = 2,
    /// Memory could not be had.
    CPNG_NO_MEMORY = 3,
} cpng_status;

/// Room for a message, its final zero included.
#define CPNG_MESSAGE_SIZE 128

/// Why a call failed: printable ASCII, ended by zero, empty on success. It can name a chunk type, never a chunk's content.
typedef struct {
    char text[CPNG_MESSAGE_SIZE];
} cpng_message;

/// Bounds that libpng enforces while it reads.
typedef struct {
    /// Largest width and height, in pixels.
    uint32_t max_width, max_height;
    /// Largest chunk other than image data, in bytes; 0 means no bound.
    size_t max_chunk_bytes;
    /// Most ancillary chunks libpng may keep; 0 means no bound.
    uint32_t max_chunks;
} cpng_limits;

/// Decodes a PNG from memory into samples of 16 bits, row by row, channels interleaved: (height, width, channels).
///
/// Palettes become RGB and 1, 2 and 4 bits become 8. Alpha is dropped, without blending. No text, time, gamma or colour
/// profile chunk is interpreted. The caller has read width, height, channels (1 or 3) and depth (8 or 16) from the header; a
/// picture that turns out otherwise is CPNG_DAMAGED. On failure the samples hold nothing of meaning.
///
/// @param capacity Elements behind `samples`, at least width * height * channels.
cpng_status cpng_decode(
    const uint8_t *bytes, size_t count, cpng_limits limits, uint32_t width, uint32_t height, int channels, int depth,
    uint16_t *samples, size_t capacity, cpng_message *message);

/// Encodes samples as a PNG with the chunks IHDR, IDAT and IEND alone.
///
/// @param samples (height, width, channels), each in 0...255 for depth 8 (higher bits are dropped) or 0...65535 for depth 16.
/// @param channels 1 for grey, 3 for RGB.
/// @param level The level of zlib, 1 (fast) to 9 (small).
/// @param every_filter Whether all five row filters are tried, rather than the three fast ones.
/// @param bytes On success the file, to be released by cpng_free; otherwise NULL.
cpng_status cpng_encode(
    const uint16_t *samples, uint32_t width, uint32_t height, int channels, int depth, int level, int every_filter,
    uint8_t **bytes, size_t *count, cpng_message *message);

/// Releases what cpng_encode returned; NULL is allowed.
void cpng_free(uint8_t *bytes);

#ifdef __cplusplus
}
#endif
