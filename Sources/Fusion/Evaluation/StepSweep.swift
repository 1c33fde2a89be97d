/// Samplers with more and fewer steps: what a step buys.
public enum StepSweep {
    /// DDIM with η 0 and 1 over 1, 2, 4, 8, 25 and 100 steps, and over all T as DDPM is; options are taken from `base`.
    public static func settings(_ base: FusionOptions, timesteps: Int) -> [(name: String, options: FusionOptions)] {
        var settings: [(String, FusionOptions)] = []
        for eta in [0.0, 1.0] {
            for steps in [1, 2, 4, 8, 25, 100] where steps <= timesteps {
                var options = base
                (options.sampler, options.steps, options.eta) = (.ddim, steps, eta)
                settings.append(("DDIM η \(Int(eta)), \(steps) step\(steps == 1 ? "" : "s")", options))
            }
        }
        var options = base
        (options.sampler, options.steps, options.eta) = (.ddpm, nil, nil)
        settings.append(("DDPM, \(timesteps) steps", options))
        return settings
    }
}
