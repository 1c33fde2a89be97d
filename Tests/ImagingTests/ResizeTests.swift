import Testing

@testable import Imaging

@Suite struct ResizeTests {
    @Test func sameSizeIsTheSamePlane() {
        let plane = randomImage(width: 17, height: 5, colour: .grey, depth: .sixteen, seed: 3).luma()
        #expect(plane.resized(width: 17, height: 5) == plane)
    }

    @Test func enlargingAgreesWithPillow() {
        let expected = Expected.all.resize
        let ours = expected.plane.resized(width: expected.enlarged.width, height: expected.enlarged.height)
        // Both compute in single precision: a few units in the last place of 255.
        for (a, b) in zip(ours.values, expected.enlarged.values) { #expect(abs(a - b) <= 255 * 4 * Float.ulpOfOne) }
        #expect(ours.values.count == expected.enlarged.values.count)
    }

    @Test func halvingAveragesPairs() {
        let plane = Plane(width: 4, height: 2, values: [0, 10, 20, 30, 40, 50, 60, 70])
        #expect(plane.resized(width: 2, height: 1) == Plane(width: 2, height: 1, values: [25, 45]))
    }

    @Test func doublingRepeatsTheEdges() {
        let plane = Plane(width: 2, height: 1, values: [0, 100])
        #expect(plane.resized(width: 4, height: 2).values == [0, 25, 75, 100, 0, 25, 75, 100])
    }

    @Test func onePixelFillsEverySize() {
        #expect(Plane(width: 1, height: 1, repeating: 0.1).resized(width: 9, height: 4) == Plane(width: 9, height: 4, repeating: 0.1))
    }

    @Test func constantsAndRangesAreKept() {
        let plane = randomImage(width: 31, height: 23, colour: .grey, depth: .sixteen, seed: 9).luma()
        for (width, height) in [(1, 1), (7, 90), (64, 64), (30, 22), (62, 46)] {
            let resized = plane.resized(width: width, height: height)
            #expect(resized.width == width && resized.height == height)
            #expect(resized.values.allSatisfy { $0 >= -1e-4 && $0 <= 255.0001 })
            let flat = Plane(width: 31, height: 23, repeating: 77.7).resized(width: width, height: height)
            #expect(flat.values.allSatisfy { $0 == 77.7 })
        }
    }

    @Test(arguments: [ColourModel.grey, .rgb], [BitDepth.eight, .sixteen])
    func images_AreResizedByChannel(_ colour: ColourModel, _ depth: BitDepth) {
        let image = randomImage(width: 13, height: 9, colour: colour, depth: depth, seed: 4)
        let resized = image.resized(width: 20, height: 5)
        #expect([resized.width, resized.height] == [20, 5] && resized.colour == colour && resized.depth == depth)
        let channels = colour.rawValue
        for channel in 0..<channels {
            // A channel alone, as a grey image, has its values as luma.
            let alone = Image(
                width: 13, height: 9, colour: .grey, depth: depth,
                samples: (0..<13 * 9).map { image.samples[$0 * channels + channel] })
            let expected = Image(alone.luma().resized(width: 20, height: 5), depth: depth)
            #expect((0..<20 * 5).map { resized.samples[$0 * channels + channel] } == expected.samples)
        }
        #expect(image.resized(width: 13, height: 9) == image)
    }
}
