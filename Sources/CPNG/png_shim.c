#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

// The state of one call. It lives one frame above the function that calls setjmp, because C leaves that function's own modified
// locals undefined after a jump.

typedef struct {
    png_structp png;
    png_infop info;
    cpng_message *message;
    int truncated, no_memory;
    // Reading.
    const uint8_t *in;
    size_t remaining;
    // Writing.
    uint8_t *out, *row;
    size_t count, capacity;
} cpng_state;

static void keep_message(cpng_message *message, const char *text) {
    size_t i = 0;
    for (; text[i] != 0 && i + 1 < CPNG_MESSAGE_SIZE; i += 1) {
        message->text[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
    }
    message->text[i] = 0;
}

static void on_error(png_structp png, png_const_charp text) {
    cpng_state *state = png_get_error_ptr(png);
    keep_message(state->message, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static cpng_status failure(const cpng_state *state) {
    if (state->no_memory) return CPNG_NO_MEMORY;
    return state->truncated ? CPNG_TRUNCATED : CPNG_DAMAGED;
}

// MARK: Reading

static void on_read(png_structp png, png_bytep into, size_t count) {
    cpng_state *state = png_get_io_ptr(png);
    if (count > state->remaining) {
        state->truncated = 1;
        png_error(png, "the bytes end too early");
    }
    memcpy(into, state->in, count);
    state->in += count;
    state->remaining -= count;
}

static void put(uint16_t *samples, size_t index, uint16_t value) {
    memcpy((uint8_t *)samples + 2 * index, &value, 2);
}

// Widens the bytes at the start of a row in place. Descending, no byte is overwritten before it is read.
static void widen(uint16_t *row, size_t count) {
    const uint8_t *bytes = (const uint8_t *)row;
    for (size_t i = count; i-- > 0;) put(row, i, bytes[i]);
}

// Replaces the palette indices at the start of a row by their colours, in place. Returns 0 if an index has no entry: libpng
// itself would paint it black.
static int colour(uint16_t *row, size_t width, png_const_colorp palette, int entries) {
    const uint8_t *indices = (const uint8_t *)row;
    for (size_t x = width; x-- > 0;) {
        int index = indices[x];
        if (index >= entries) return 0;
        put(row, 3 * x, palette[index].red);
        put(row, 3 * x + 1, palette[index].green);
        put(row, 3 * x + 2, palette[index].blue);
    }
    return 1;
}

static cpng_status read_picture(
    cpng_state *state, const cpng_limits *limits, uint32_t width, uint32_t height, int channels, int depth, uint16_t *samples) {
    if (setjmp(png_jmpbuf(state->png))) return failure(state);
    png_structp png = state->png;
    png_set_user_limits(png, limits->max_width, limits->max_height);
    png_set_chunk_malloc_max(png, limits->max_chunk_bytes);
    png_set_chunk_cache_max(png, limits->max_chunks);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
    png_set_benign_errors(png, 1);
    // -1: skip unknown chunks and every known one but IHDR, PLTE, tRNS, IDAT and IEND: no text is kept, no profile inflated.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_read_fn(png, state, on_read);

    png_read_info(png, state->info);
    int indexed = png_get_color_type(png, state->info) == PNG_COLOR_TYPE_PALETTE;
    if (indexed) {
        png_set_packing(png);
    } else {
        png_set_expand_gray_1_2_4_to_8(png);
        png_set_strip_alpha(png);
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (depth == 16) png_set_swap(png);
#endif
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, state->info);

    size_t stored_channels = indexed ? 1 : (size_t)channels;
    if (png_get_image_width(png, state->info) != width || png_get_image_height(png, state->info) != height
        || png_get_channels(png, state->info) != stored_channels || png_get_bit_depth(png, state->info) != depth
        || png_get_rowbytes(png, state->info) != width * stored_channels * (size_t)(depth / 8) || (indexed && channels != 3)) {
        png_error(png, "the header contradicts the picture");
    }
    size_t per_row = (size_t)width * (size_t)channels;
    for (int pass = 0; pass < passes; pass += 1) {
        for (size_t y = 0; y < height; y += 1) png_read_row(png, (png_bytep)(samples + y * per_row), NULL);
    }
    png_read_end(png, NULL);

    png_colorp palette = NULL;
    int entries = 0;
    if (indexed) png_get_PLTE(png, state->info, &palette, &entries);
    for (size_t y = 0; y < height; y += 1) {
        uint16_t *row = samples + y * per_row;
        if (indexed && !colour(row, width, palette, entries)) png_error(png, "a pixel lies outside the palette");
        if (!indexed && depth == 8) widen(row, per_row);
    }
    return CPNG_OK;
}

cpng_status cpng_decode(
    const uint8_t *bytes, size_t count, cpng_limits limits, uint32_t width, uint32_t height, int channels, int depth,
    uint16_t *samples, size_t capacity, cpng_message *message) {
    message->text[0] = 0;
    size_t needed;
    if ((channels != 1 && channels != 3) || (depth != 8 && depth != 16)
        || __builtin_mul_overflow((size_t)width * (size_t)channels, (size_t)height, &needed) || needed > capacity) {
        keep_message(message, "the samples do not fit");
        return CPNG_DAMAGED;
    }
    cpng_state state = {.message = message, .in = bytes, .remaining = count};
    state.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    if (state.png == NULL) return CPNG_NO_MEMORY;
    state.info = png_create_info_struct(state.png);
    cpng_status status = CPNG_NO_MEMORY;
    if (state.info != NULL) status = read_picture(&state, &limits, width, height, channels, depth, samples);
    png_destroy_read_struct(&state.png, &state.info, NULL);
    return status;
}

// MARK: Writing

static void on_write(png_structp png, png_bytep from, size_t count) {
    cpng_state *state = png_get_io_ptr(png);
    if (count > state->capacity - state->count) {
        size_t wanted = state->capacity > 0 ? state->capacity : 4096;
        while (wanted - state->count < count) {
            if (wanted > SIZE_MAX / 2) {
                state->no_memory = 1;
                png_error(png, "the file is too large");
            }
            wanted *= 2;
        }
        uint8_t *grown = realloc(state->out, wanted);
        if (grown == NULL) {
            state->no_memory = 1;
            png_error(png, "out of memory");
        }
        state->out = grown;
        state->capacity = wanted;
    }
    memcpy(state->out + state->count, from, count);
    state->count += count;
}

static void on_flush(png_structp png) {
    (void)png;
}

// Samples as a PNG file holds them: one byte, or two with the high one first.
static void narrow(const uint16_t *samples, uint8_t *row, size_t count, int depth) {
    if (depth == 8) {
        for (size_t i = 0; i < count; i += 1) row[i] = (uint8_t)samples[i];
        return;
    }
    for (size_t i = 0; i < count; i += 1) {
        row[2 * i] = (uint8_t)(samples[i] >> 8);
        row[2 * i + 1] = (uint8_t)samples[i];
    }
}

static cpng_status write_picture(
    cpng_state *state, const uint16_t *samples, uint32_t width, uint32_t height, int channels, int depth, int level,
    int every_filter) {
    if (setjmp(png_jmpbuf(state->png))) return failure(state);
    png_structp png = state->png;
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(png, state, on_write, on_flush);
    png_set_compression_level(png, level);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, every_filter ? PNG_ALL_FILTERS : PNG_FAST_FILTERS);
    png_set_IHDR(
        png, state->info, width, height, depth, channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, state->info);
    size_t per_row = (size_t)width * (size_t)channels;
    for (size_t y = 0; y < height; y += 1) {
        narrow(samples + y * per_row, state->row, per_row, depth);
        png_write_row(png, state->row);
    }
    png_write_end(png, NULL);
    return CPNG_OK;
}

cpng_status cpng_encode(
    const uint16_t *samples, uint32_t width, uint32_t height, int channels, int depth, int level, int every_filter,
    uint8_t **bytes, size_t *count, cpng_message *message) {
    message->text[0] = 0;
    *bytes = NULL;
    *count = 0;
    if ((channels != 1 && channels != 3) || (depth != 8 && depth != 16)) {
        keep_message(message, "neither grey nor RGB of 8 or 16 bits");
        return CPNG_DAMAGED;
    }
    cpng_state state = {.message = message};
    state.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    if (state.png == NULL) return CPNG_NO_MEMORY;
    state.info = png_create_info_struct(state.png);
    state.row = malloc((size_t)width * (size_t)channels * (size_t)(depth / 8) + 1);
    cpng_status status = CPNG_NO_MEMORY;
    if (state.info != NULL && state.row != NULL) {
        status = write_picture(&state, samples, width, height, channels, depth, level, every_filter);
    }
    png_destroy_write_struct(&state.png, &state.info);
    free(state.row);
    if (status == CPNG_OK) {
        *bytes = state.out;
        *count = state.count;
    } else {
        free(state.out);
    }
    return status;
}

void cpng_free(uint8_t *bytes) {
    free(bytes);
}
