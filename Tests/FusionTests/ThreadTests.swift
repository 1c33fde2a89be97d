import Networks
import Testing

@testable import Fusion

/// The only tests that set the number of threads, one after the other.
@Suite("Any number of threads gives the same bytes", .serialized) struct ThreadTests {
    @Test func training() throws {
        try Samples.withFolder { folder in
            let runs = try withThreads([1, 2, 3]) {
                let trainer = try Samples.trainer()
                for _ in 0..<2 { _ = try trainer.advance() }
                return try Run(trainer, in: folder)
            }
            #expect(runs[0] == runs[1] && runs[0] == runs[2])
        }
    }

    @Test func fusion() throws {
        let fuser = try Samples.fuser()
        let (mri, other) = Samples.images(width: 61, height: 67)
        var options = FusionOptions()
        (options.eta, options.samples) = (0.5, 2)
        let results = try withThreads([1, 2, 3]) { try fuser.pictures(mri: mri.luma(), other: other.luma(), options: options) }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test func tiles() throws {
        let model = try Samples.model(Samples.description())
        let x = Tensor.random(Shape(1, 208, 272, 1), seed: 1)
        let results = withThreads([1, 2, 3]) {
            let (plan, refined) = (TiledPlan(model, height: 208, width: 272, side: 192), Tensor(uninitialized: x.shape))
            plan.encode(mri: x, other: x)
            plan.estimate(x, at: 2, into: refined)
            return refined.values
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    private func withThreads<Result>(_ counts: [Int], _ body: () throws -> Result) rethrows -> [Result] {
        let before = ThreadPool.threads
        defer { ThreadPool.threads = before }
        return try counts.map {
            ThreadPool.threads = $0
            return try body()
        }
    }
}
