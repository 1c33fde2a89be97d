import Testing

@testable import amalgam

struct ProcessorTests {
    @Test func missingFeatures_AreNamed() {
        let old = "processor\t: 0\nflags\t\t: fpu sse2 avx f16c movbe\nbugs\t\t:"
        // A build for AVX-512 misses more.
        #expect(Processor.missingFeatures(in: old).prefix(4) == ["avx2", "bmi1", "bmi2", "fma"])
    }

    @Test func newProcessors_LackNothing() {
        #expect(Processor.missingFeatures(in: "flags : avx avx2 bmi1 bmi2 f16c fma movbe avx512f avx512bw avx512cd avx512dq avx512vl\nflags : none") == [])
        #expect(Processor.missingFeatures(in: "Features : asimd") == [])
    }
}
