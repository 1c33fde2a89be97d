import Fusion

/// A loaded model as the API shows it.
struct ModelPayload: Encodable {
    let model: LoadedModel

    func encode(to encoder: any Encoder) throws {
        let description = model.fuser.model.description
        var container = encoder.container(keyedBy: FieldName.self)
        try container.encode(description.name, forKey: "name")
        try container.encode(description.modality, forKey: "modality")
        try container.encode(["mri", description.modality.rawValue], forKey: "pair")
        try container.encode(model.fuser.model.parameters.count, forKey: "parameters")
        try container.encode(model.sha256, forKey: "sha256")
        try container.encode(description.schedule.steps, forKey: "timesteps")
        try container.encode(description.training, forKey: "training")
        var defaults = container.nestedContainer(keyedBy: FieldName.self, forKey: "defaults")
        var options = FusionOptions()
        (options.steps, options.eta) = (description.defaultSteps, 0)
        for option in FusionOption.all { try option.encode(options, &defaults) }
    }
}
