/// Borders around images.
public enum Padding {
    /// A copy of `input` (N, H, W, C) with a border of one zero pixel: (N, H + 2, W + 2, C). O(count).
    static func zeros(_ input: Tensor) -> Tensor {
        let s = input.shape
        let output = Tensor(uninitialized: Shape(s.n, s.h + 2, s.w + 2, s.c))
        let line = (s.w + 2) * s.c
        ThreadPool.ranges(s.n * (s.h + 2), grain: max(1, 65_536 / line)) { range in
            for row in range {
                let out = output.pointer + row * line
                let y = row % (s.h + 2) - 1
                if y < 0 || y >= s.h {
                    out.update(repeating: 0, count: line)
                    continue
                }
                out.update(repeating: 0, count: s.c)
                (out + s.c).update(from: input.pointer + (row / (s.h + 2) * s.h + y) * s.w * s.c, count: s.w * s.c)
                (out + line - s.c).update(repeating: 0, count: s.c)
            }
        }
        return output
    }

    /// `input` (N, H, W, C) grown to the right and below to `height` × `width` by repeating its last row and column. O(output).
    public static func edge(_ input: Tensor, height: Int, width: Int) -> Tensor {
        let s = input.shape
        if s.h == height && s.w == width { return input }
        require(height >= s.h && width >= s.w, "padding cannot shrink \(s) to \(height) × \(width)")
        let output = Tensor(uninitialized: Shape(s.n, height, width, s.c))
        for n in 0..<s.n {
            for y in 0..<height {
                let source = input.pointer + (n * s.h + min(y, s.h - 1)) * s.w * s.c
                let out = output.pointer + (n * height + y) * width * s.c
                out.update(from: source, count: s.w * s.c)
                for x in s.w..<max(s.w, width) { (out + x * s.c).update(from: source + (s.w - 1) * s.c, count: s.c) }
            }
        }
        return output
    }

    /// The top left `height` × `width` pixels of `input` (N, H, W, C). O(output).
    public static func crop(_ input: Tensor, height: Int, width: Int) -> Tensor {
        window(input, top: 0, left: 0, height: height, width: width)
    }

    /// The `height` × `width` pixels of `input` (N, H, W, C) from row `top` and column `left` on. O(output).
    public static func window(_ input: Tensor, top: Int, left: Int, height: Int, width: Int) -> Tensor {
        let s = input.shape
        require(top >= 0 && left >= 0 && top + height <= s.h && left + width <= s.w, "window leaves \(s)")
        if top == 0 && left == 0 && s.h == height && s.w == width { return input }
        let output = Tensor(uninitialized: Shape(s.n, height, width, s.c))
        for n in 0..<s.n {
            for y in 0..<height {
                (output.pointer + (n * height + y) * width * s.c)
                    .update(from: input.pointer + ((n * s.h + y + top) * s.w + left) * s.c, count: width * s.c)
            }
        }
        return output
    }
}
