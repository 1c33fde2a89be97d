import Testing

@testable import Imaging

@Suite struct ColourTests {
    @Test(arguments: [BitDepth.eight, .sixteen])
    func lumaOfEqualChannelsIsExact(depth: BitDepth) throws {
        let levels = Array(0...depth.maximum)
        let grey = Image(width: levels.count, height: 1, colour: .grey, depth: depth, samples: levels)
        let rgb = Image(width: levels.count, height: 1, colour: .rgb, depth: depth, samples: levels.flatMap { [$0, $0, $0] })
        #expect(rgb.luma() == grey.luma())
        #expect(grey.luma().values == levels.map { depth == .eight ? Float($0) : Float($0) / 257 })
        #expect(Image(grey.luma(), depth: depth) == grey)
        let colours = YCbCr(rgb)
        #expect(colours.cb.values.allSatisfy { $0 == 128 } && colours.cr.values.allSatisfy { $0 == 128 })
        #expect(colours.image(depth: depth) == rgb)
        #expect(YCbCr(grey).image(depth: depth) == rgb)
    }

    @Test func agreesWithPillow() throws {
        for swatch in Expected.all.ycbcr {
            let colours = YCbCr(Image(width: 1, height: 1, colour: .rgb, depth: .eight, samples: swatch.rgb))
            // Pillow computes in fixed point, truncates to whole levels and clamps to 255: one level at most.
            for (ours, theirs) in zip([colours.y, colours.cb, colours.cr], swatch.ycbcr) {
                #expect(abs(min(ours.values[0], 255) - theirs) <= 1, "\(swatch.rgb)")
            }
        }
    }

    /// The matrix of ITU-T T.871 §7, six decimals.
    @Test func weightsAreThoseOfBT601() {
        let primaries = YCbCr(Image(width: 3, height: 1, colour: .rgb, depth: .eight, samples: [255, 0, 0, 0, 255, 0, 0, 0, 255]))
        let rows: [(Plane, [Float], Float)] = [
            (primaries.y, [0.299, 0.587, 0.114], 0), (primaries.cb, [-0.168_736, -0.331_264, 0.5], 128),
            (primaries.cr, [0.5, -0.418_688, -0.081_312], 128),
        ]
        for (plane, weights, offset) in rows {
            for (value, weight) in zip(plane.values, weights) { #expect(abs(value - offset - 255 * weight) < 255 * 1e-6) }
        }
    }

    @Test(arguments: [BitDepth.eight, .sixteen])
    func splittingAndJoiningGivesTheImageBack(depth: BitDepth) throws {
        let image = randomImage(width: 211, height: 97, colour: .rgb, depth: depth, seed: 5)
        #expect(YCbCr(image).image(depth: depth) == image)
        #expect(try Image(luma: image.luma(), chromaOf: image, depth: depth) == image)
    }

    @Test func joiningClampsAndRounds() throws {
        let plane = Plane(width: 7, height: 1, values: [-3, 0.49, 0.51, 254.6, 300, .nan, .infinity])
        #expect(Image(plane).samples == [0, 0, 1, 255, 255, 0, 255])
        #expect(Image(plane, depth: .sixteen).samples == [0, 126, 131, 65432, 65535, 0, 65535])
        let red = Image(width: 1, height: 1, colour: .rgb, depth: .eight, samples: [255, 0, 0])
        let bright = try Image(luma: Plane(width: 1, height: 1, repeating: 255), chromaOf: red)
        // Red has Y 76.245: the other two channels are 76.245 below the luma, red is clamped.
        #expect(bright.samples == [255, 179, 179])
    }

    @Test func newLumaKeepsTheChroma() throws {
        let source = Image(width: 2, height: 1, colour: .rgb, depth: .eight, samples: [120, 100, 110, 90, 110, 130])
        var luma = source.luma()
        for i in luma.values.indices { luma.values[i] += 10 }
        let fused = try Image(luma: luma, chromaOf: source)
        #expect(fused.samples == source.samples.map { $0 + 10 })
    }

    @Test func sizesMustAgree() {
        let image = randomImage(width: 4, height: 3, colour: .rgb, depth: .eight, seed: 1)
        #expect(throws: ImagingError.sizesDiffer(width: 3, height: 4, otherWidth: 4, otherHeight: 3)) {
            try Image(luma: Plane(width: 3, height: 4), chromaOf: image)
        }
    }
}
