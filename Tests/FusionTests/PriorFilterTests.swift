import Imaging
import Testing

@testable import Fusion

@Suite("Filters of the fusion rules")
struct PriorFilterTests {
    @Test("the pyramid is undone exactly", arguments: PriorSamples.sizes)
    func pyramid(width: Int, height: Int) {
        let plane = PriorSamples.noise(width, height, seed: 1)
        for levels in 1...6 {
            let pyramid = LaplacianPyramid(plane, levels: levels)
            #expect(pyramid.details.count <= levels)
            #expect(PriorSamples.largestDifference(pyramid.reconstructed(), plane) < 1e-3)
        }
    }

    @Test("the pyramid of a flat picture has no detail", arguments: PriorSamples.sizes)
    func flatPyramid(width: Int, height: Int) {
        let pyramid = LaplacianPyramid(Plane(width: width, height: height, repeating: 77), levels: 4)
        #expect(pyramid.details.allSatisfy { $0.values.allSatisfy { abs($0) < 1e-4 } })
        #expect(pyramid.base.values.allSatisfy { abs($0 - 77) < 1e-4 })
    }

    @Test("the Haar transform is undone exactly", arguments: PriorSamples.sizes, [1, 2, 4, 8])
    func haar(size: (width: Int, height: Int), step: Int) {
        let plane = PriorSamples.noise(size.width, size.height, seed: 2)
        #expect(PriorSamples.largestDifference(HaarBands(plane, step: step).joined(), plane) < 1e-3)
    }

    @Test func haarBands_HoldTheSquareOfEachPixel() {
        let bands = HaarBands(Plane(width: 2, height: 2, values: [10, 2, 4, 8]), step: 1)
        #expect([bands.ll[0, 0], bands.hl[0, 0], bands.lh[0, 0], bands.hh[0, 0]] == [6, 0, 1, 3])
    }

    @Test("running sums equal a sum over each window", arguments: PriorSamples.sizes, [0, 1, 3, 9, 45])
    func boxMean(size: (width: Int, height: Int), radius: Int) {
        let grid = Grid(PriorSamples.noise(size.width, size.height, seed: 3))
        let (fast, slow) = (grid.boxMean(radius: radius), naiveBoxMean(grid, radius))
        for index in grid.values.indices { #expect(abs(fast.values[index] - slow.values[index]) < 1e-10) }
    }

    /// The definition, window by window: fit a·guide + b in each, then average the fits of all windows over a pixel.
    @Test("the guided filter equals the fit in each window", arguments: [(1, 1), (1, 7), (5, 3), (31, 17)], [(2, 1e-6), (4, 0.3)])
    func guidedFilter(size: (width: Int, height: Int), filter: (radius: Int, epsilon: Double)) {
        let guide = Grid(PriorSamples.noise(size.width, size.height, seed: 4), scale: 1 / 255)
        let input = Grid(PriorSamples.noise(size.width, size.height, seed: 5), scale: 1 / 255)
        var (slopes, offsets) = (guide, guide)
        for y in 0..<size.height {
            for x in 0..<size.width {
                let window = indices(guide, x, y, filter.radius)
                let count = Double(window.count)
                let guideMean = window.reduce(0) { $0 + guide.values[$1] } / count
                let inputMean = window.reduce(0) { $0 + input.values[$1] } / count
                let variance = window.reduce(0) { $0 + (guide.values[$1] - guideMean) * (guide.values[$1] - guideMean) } / count
                let covariance = window.reduce(0) { $0 + (guide.values[$1] - guideMean) * (input.values[$1] - inputMean) } / count
                let slope = covariance / (variance + filter.epsilon)
                slopes.values[y * size.width + x] = slope
                offsets.values[y * size.width + x] = inputMean - slope * guideMean
            }
        }
        let (slope, offset) = (naiveBoxMean(slopes, filter.radius), naiveBoxMean(offsets, filter.radius))
        let fast = input.guidedFiltered(by: guide, radius: filter.radius, epsilon: filter.epsilon)
        for index in guide.values.indices {
            // The moments cancel: 1e-16 over ε of 1e-6 leaves nine digits.
            #expect(abs(fast.values[index] - (slope.values[index] * guide.values[index] + offset.values[index])) < 1e-8)
        }
    }

    @Test func gaussian_KeepsAFlatGridAndSpreadsAPointEvenly() {
        let flat = Grid(width: 5, height: 3, values: [Double](repeating: 4, count: 15)).gaussian(radius: 5, sigma: 5)
        #expect(flat.values.allSatisfy { abs($0 - 4) < 1e-12 })
        var point = Grid(width: 21, height: 21, values: [Double](repeating: 0, count: 441))
        point.values[10 * 21 + 10] = 1
        let spread = point.gaussian(radius: 5, sigma: 2).values
        #expect(abs(spread.reduce(0, +) - 1) < 1e-12)
        #expect(abs(spread[10 * 21 + 12] / spread[10 * 21 + 10] - 0.606_530_659_712_633_4) < 1e-12)
        #expect(abs(spread[12 * 21 + 10] - spread[10 * 21 + 8]) < 1e-15)
    }

    @Test func gradientAndLaplacian_OfARampAndAStep() {
        let ramp = Grid(width: 6, height: 4, values: (0..<24).map { Double(3 * ($0 % 6) + 4 * ($0 / 6)) })
        #expect(abs(ramp.gradientMagnitude().values[8] - 5) < 1e-12)
        #expect(ramp.laplacianMagnitude().values[8] == 0)
        let step = Grid(width: 4, height: 1, values: [0, 0, 9, 9])
        #expect(step.laplacianMagnitude().values == [0, 9, 9, 0])
    }

    private func naiveBoxMean(_ grid: Grid, _ radius: Int) -> Grid {
        var result = grid
        for y in 0..<grid.height {
            for x in 0..<grid.width {
                let window = indices(grid, x, y, radius)
                result.values[y * grid.width + x] = window.reduce(0) { $0 + grid.values[$1] } / Double(window.count)
            }
        }
        return result
    }

    private func indices(_ grid: Grid, _ x: Int, _ y: Int, _ radius: Int) -> [Int] {
        (max(y - radius, 0)...min(y + radius, grid.height - 1)).flatMap { row in
            (max(x - radius, 0)...min(x + radius, grid.width - 1)).map { row * grid.width + $0 }
        }
    }
}
