using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tool.Results;

/// <summary>The option of every verb that has a result.</summary>
internal abstract record ResultSettings
{
    [Setting("Also write the result to this file as JSON; an older result there is replaced",
        Unit = "file", Group = "files")]
    public string? Json { get; init; }
}

/// <summary>The options of every verb that takes a network.</summary>
internal abstract record NetworkSettings : ResultSettings
{
    /// <summary>What verbs that take it say of --level.</summary>
    protected const string LevelHelp = "Which size of images that hold smaller copies of themselves (OME-TIFF, slides, OME-Zarr); 0: "
        + "the full one, 1: the next smaller one";

    [Setting($"Meaning of the output channels in order: {OutputKind.Words}",
        Default = "flow,logit for three channels, logit for one", Group = "masks")]
    public OutputDescription? Outputs { get; init; }
}
