import Imaging

/// The sum of the correlations of differences: whether what the fused image adds to one source is what the other has to give.
///
/// Aslantas and Bendes, "A new image quality metric for image fusion: the sum of the correlations of differences", AEÜ 69(12), 2015,
/// doi:10.1016/j.aeue.2015.09.004: `SCD = r(F − B, A) + r(F − A, B)` with Pearson's r over all pixels. It lies in -2...2 and is symmetric
/// in the sources.
public enum SCD {
    /// `first` is `r(F − B, A)`, `second` is `r(F − A, B)`, and `sum` is the score of the paper.
    ///
    /// A term is `nil` where one of its images is constant, as `F − B` is for `F = B`.
    ///
    /// - Complexity: O(pixels).
    public static func scores(first: Plane, second: Plane, fused: Plane) throws(ScoreError) -> PerSource {
        let grids = try Grid.corresponding(first, second, fused)
        return scores(first: grids[0], second: grids[1], fused: grids[2])
    }

    static func scores(first: Grid, second: Grid, fused: Grid) -> PerSource {
        PerSource(
            first: Statistics.correlation(count: fused.count) { (fused.storage[$0] - second.storage[$0], first.storage[$0]) },
            second: Statistics.correlation(count: fused.count) { (fused.storage[$0] - first.storage[$0], second.storage[$0]) })
    }
}
