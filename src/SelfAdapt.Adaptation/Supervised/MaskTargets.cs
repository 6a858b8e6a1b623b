using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>What a network learns from masks.</summary>
internal abstract class MaskTargets
{
    /// <summary>Planes of the regression part.</summary>
    public abstract int Channels { get; }

    /// <summary>The targets of a network with these outputs.</summary>
    public static MaskTargets Of(OutputDescription outputs) =>
        outputs.Parts.FirstOrDefault(p => p.Kind is RaysKind) is { } rays
            ? new RayTargets(rays.Channels, outputs.Grid)
            : new FlowTargets();

    /// <summary>What the targets are multiplied by for a network.</summary>
    public virtual float Scale(OutputDescription outputs) => 1;

    /// <summary>What is kept of an image's masks, as planes of its size.</summary>
    public abstract Image Prepare(LabelImage masks);

    /// <summary>Fills the targets of a crop.</summary>
    /// <param name="sample">Made with <see cref="Prepare"/>.</param>
    /// <param name="flip">Whether the sample is mirrored, left to right, before the warp.</param>
    /// <param name="angle">How far the warp turns, radians.</param>
    /// <param name="cell">Receives [crop, crop].</param>
    /// <param name="field">Receives [Channels, crop, crop].</param>
    public abstract void Fill(
        TrainingSample sample, AffineWarp warp, bool flip, double angle, Span<float> cell, Span<float> field);
}
