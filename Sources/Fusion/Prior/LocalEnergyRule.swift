import Imaging

/// Each pixel from the source with more energy around it, after a vote among neighbours.
///
/// The salience is the local energy of P. J. Burt and R. J. Kolczynski, "Enhanced image capture through fusion", ICCV 1993,
/// doi:10.1109/ICCV.1993.378222, taken of the intensities; the vote is the consistency verification of Li, Manjunath and Mitra
/// 1995, doi:10.1006/gmip.1995.1022: a pixel follows the majority of its window. The voted map is averaged over a small window,
/// so that two sources of different brightness meet in a short ramp and not in a cut.
public struct LocalEnergyRule: FusionRule {
    public let name = "local-energy"
    /// Half the side of the window whose energy decides.
    public let energyRadius: Int
    /// Half the side of the window that votes.
    public let voteRadius: Int
    /// Half the side of the ramp between regions; 0 cuts.
    public let rampRadius: Int

    /// - Parameters:
    ///   - energyRadius: half the side of the window whose energy decides.
    ///   - voteRadius: half the side of the window that votes.
    ///   - rampRadius: half the side of the ramp between regions; 0 cuts.
    public init(energyRadius: Int = 3, voteRadius: Int = 3, rampRadius: Int = 1) {
        precondition(min(energyRadius, voteRadius, rampRadius) >= 0, "a radius is negative")
        (self.energyRadius, self.voteRadius, self.rampRadius) = (energyRadius, voteRadius, rampRadius)
    }

    public func combine(_ first: Plane, _ second: Plane) -> Plane {
        let mine = Grid(first).squared().boxMean(radius: energyRadius)
        let other = Grid(second).squared().boxMean(radius: energyRadius)
        let choice = mine.combined(with: other) { Double(preference($0, $1)) }
        let voted = choice.boxMean(radius: voteRadius).map { Double(preference($0, 1 - $0)) }
        let shares = voted.boxMean(radius: rampRadius)
        var result = first
        for index in result.values.indices {
            let share = Float(shares.values[index])
            result.values[index] = share * first.values[index] + (1 - share) * second.values[index]
        }
        return result
    }
}
