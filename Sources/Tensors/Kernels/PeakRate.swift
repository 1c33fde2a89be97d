#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The speed that no product can pass.
public enum PeakRate {
    /// Floating-point operations per processor second of one core that does nothing but multiply-adds of vectors in registers, each
    /// element counted as two: the best of several tries of about a millisecond.
    public static func measured(tries: Int = 20) -> Double {
        let rounds = 1 << 18
        let operations = Double(rounds * 12 * 2 * Vector.scalarCount)
        var (best, total): (Double, Float) = (0, 0)
        for _ in 0..<tries {
            let start = processorSeconds()
            total += multiplyAdds(rounds, 1e-6, Vector(repeating: 1))
            best = max(best, operations / (processorSeconds() - start))
        }
        // The sums are used, so that the loop stays.
        require(total > 0, "multiply-adds that add nothing measure nothing")
        return best
    }

    /// `rounds` times a multiply-add to each of twelve sums, as many as hide the latency of one. The sums are locals: they stay in registers.
    @inline(never)
    private static func multiplyAdds(_ rounds: Int, _ factor: Float, _ y: Vector) -> Float {
        var (a, b, c, d, e, f) = (Vector(), Vector(), Vector(), Vector(), Vector(), Vector())
        var (g, h, i, j, k, l) = (Vector(), Vector(), Vector(), Vector(), Vector(), Vector())
        for _ in 0..<rounds {
            // Here, as in the products: of a vector that comes from outside the compiler makes two halves.
            let x = Vector(repeating: factor)
            a.addProduct(x, y); b.addProduct(x, y); c.addProduct(x, y); d.addProduct(x, y)
            e.addProduct(x, y); f.addProduct(x, y); g.addProduct(x, y); h.addProduct(x, y)
            i.addProduct(x, y); j.addProduct(x, y); k.addProduct(x, y); l.addProduct(x, y)
        }
        return (a + b + c + d + e + f + g + h + i + j + k + l).sum()
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
