/// The program's version, by semantic versioning (semver.org): the same as in the OpenAPI document.
public enum Version {
    public static let text = "0.2.0"
}
