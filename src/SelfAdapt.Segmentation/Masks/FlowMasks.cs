using System.Buffers;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>From network outputs to masks (docs/cellpose.md 4, version 3.1 on a CPU).</summary>
internal static class FlowMasks
{
    /// <summary>The kinds that masks are made of in a way of their own; else connected pieces are the masks.</summary>
    private static readonly Dictionary<Type, Method> ByKind = new()
    {
        [typeof(VectorFieldKind)] = FromFlow,
        [typeof(RaysKind)] = RayMasks.Make,
        [typeof(ClassesKind)] = ClassMasks.Make,
        [typeof(InnerDistanceKind)] = DistanceMasks.Make,
    };

    /// <summary>Makes masks, labels 1..n, at the outputs' size.</summary>
    private delegate LabelImage Method(in MaskInputs from);

    /// <summary>Whether masks are best made of outputs that are not brought to the size of the image.</summary>
    public static bool AtNetworkScale(OutputDescription description) => description.HasRays;

    /// <summary>Builds the masks that a network's outputs describe, at the outputs' size.</summary>
    /// <param name="outputs">[description.Channels, height, width], as the network gave them.</param>
    /// <param name="description">What the channels mean; with a flow the pixels are moved along it, otherwise
    /// the connected pieces above the threshold are the masks.</param>
    /// <returns>Labels 1..n in raster order of first appearance.</returns>
    public static LabelImage Compute(
        Image outputs, OutputDescription description, SegmentationOptions options)
    {
        options.Validate();
        return Compute(outputs, description, options, outputs.Height, outputs.Width);
    }

    /// <summary>
    /// The masks of a part of an image, as they are in the whole: cells that lie in the part far from its borders have
    /// the same pixels, bit for bit.
    /// </summary>
    /// <param name="part">[description.Channels, height, width], the outputs for the part.</param>
    /// <param name="origin">Row and column where the part begins.</param>
    internal static LabelImage ComputePart(
        Image part, OutputDescription description, SegmentationOptions options, (int Height, int Width) whole,
        (int Top, int Left) origin)
    {
        double share = (double)whole.Height * whole.Width / ((double)part.Height * part.Width);
        SegmentationOptions own = options with { MaxSizeFraction = options.MaxSizeFraction * share };
        return Compute(part, description, own, part.Height, part.Width, origin);
    }

    /// <summary>The same, with masks enlarged to another size before holes and small masks are treated.</summary>
    internal static LabelImage Compute(
        Image outputs, OutputDescription description, SegmentationOptions options, int height, int width,
        (int Top, int Left) origin = default)
    {
        if (outputs.Channels != description.Channels)
        {
            throw new ArgumentException(
                $"{outputs.Channels} output channels, but {description.Channels} are described.");
        }

        OutputPart objects = description.Objects
            ?? throw new ArgumentException("Masks need an output that tells where objects are.", nameof(description));

        // Classes beside something else only tell where objects are.
        (OutputPart Part, Method? Make) special = description.Parts.OrderBy(p => p.Kind is ClassesKind)
            .Select(p => (p, ByKind.GetValueOrDefault(p.Kind.GetType()))).FirstOrDefault(m => m.Item2 is not null);
        LabelImage masks = (special.Make ?? FromForeground)(
            new(outputs, description, special.Part, objects, options, origin, height, width));
        if (height != masks.Height || width != masks.Width)
        {
            masks = Resampling.Nearest(masks, height, width);
        }

        masks = MaskCleanup.FillHolesAndRemoveSmall(masks, options.MinSize, options.Threads);
        return options.ExcludeOnEdges ? MaskCleanup.ExcludeOnEdges(masks) : masks;
    }

    private static LabelImage FromFlow(in MaskInputs from)
    {
        (Image outputs, OutputDescription description, int flow, SegmentationOptions options) =
            (from.Outputs, from.Description, from.Part!.Channel, from.Options);
        int[] cellPixels = PixelsAbove(outputs.Plane(from.Where.Channel), options.CellprobThreshold);
        int[] ends = FlowDynamics.Follow(
            outputs.Plane(flow), outputs.Plane(flow + 1), cellPixels, outputs.Height, outputs.Width,
            description.FlowScale, options.FlowSteps, options.Threads, from.Origin);
        LabelImage labels = SeedLabeling.Label(
            cellPixels, ends, outputs.Height, outputs.Width, options.MaxSizeFraction);
        if (options.FlowThreshold > 0)
        {
            LabelRegion[] regions = LabelRegions.Find(labels, labels.Labels.Max());
            double[] errors =
                MaskFlows.Errors(labels, regions, outputs, flow, description.FlowScale, options.Threads);
            LabelRegions.Keep(labels, regions, k => !(errors[k] > options.FlowThreshold));
        }

        return labels;
    }

    private static LabelImage FromForeground(in MaskInputs from)
    {
        return MaskCleanup.Components(
            Array.ConvertAll(from.Objects(), inside => inside ? 1 : 0), from.Outputs.Height, from.Outputs.Width);
    }

    private static int[] PixelsAbove(ReadOnlySpan<float> logits, double threshold)
    {
        int[] rented = ArrayPool<int>.Shared.Rent(logits.Length);
        int count = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            rented[count] = i;
            count += logits[i] > threshold ? 1 : 0;
        }

        int[] pixels = rented.AsSpan(0, count).ToArray();
        ArrayPool<int>.Shared.Return(rented);
        return pixels;
    }
}

/// <summary>What masks are made of.</summary>
/// <param name="Part">The part whose kind decides how; null for none.</param>
/// <param name="Where">The part that tells where objects are.</param>
/// <param name="Origin">Row and column where the outputs begin in the whole image.</param>
/// <param name="Height">Rows of the image; masks may be made at its size or the outputs'.</param>
/// <param name="Width">Its columns.</param>
internal readonly record struct MaskInputs(
    Image Outputs, OutputDescription Description, OutputPart? Part, OutputPart Where, SegmentationOptions Options,
    (int Top, int Left) Origin, int Height, int Width)
{
    /// <summary>Whether the outputs are not brought to the size of the image.</summary>
    public bool IsNetworkScale => Height != Outputs.Height || Width != Outputs.Width;

    /// <summary>Per pixel whether it lies in an object.</summary>
    public bool[] Objects()
    {
        double threshold = Options.CellprobThreshold;
        return Array.ConvertAll(ObjectLogits.Of(Outputs, Where), logit => logit > threshold);
    }
}
