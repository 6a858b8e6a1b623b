using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.OnnxRuntime;

/// <summary>
/// Finds out how a model that only ONNX Runtime can run is to be run, by running it on a blank picture: which output is
/// the map, what its channels mean, which sizes it takes.
/// </summary>
internal static class OrtProbe
{
    // Odd multiples of 16 and not square: a network that takes them takes every tile.
    private static readonly (int Height, int Width) AnyTile = (48, 80);

    /// <param name="asked">What the channels mean; null to go by their number and the graph's end.</param>
    /// <exception cref="SelfAdaptException">
    /// ONNX Runtime refuses the model, or it makes no map of its input (ModelUnsupported); what its outputs mean is not
    /// known (OutputsUnknown); ONNX Runtime is missing (DeviceMissing).
    /// </exception>
    public static OrtNetworkOutputs Read(OnnxModel model, OutputDescription? asked)
    {
        ImageInput input = ImageInput.ReadChannelsFirst(model);
        string[] names = [.. model.Graph.Outputs.Select(o => o.Name)];
        using OrtSession session = new(model.Embedded().Bytes, new OrtOptions(Optimize: false));
        (int Height, int Width)? tile = input.TileSize;
        (string Name, int Channels)[] maps;
        try
        {
            maps = Maps(tile ?? AnyTile);
        }
        catch (SelfAdaptException) when (tile is null)
        {
            // It may halve more often than four times, or take one size without telling it.
            tile = (ImageInput.CommonSide, ImageInput.CommonSide);
            maps = Maps(tile.Value);
        }

        (string Name, int Channels) map = maps.FirstOrDefault(
            m => asked is null ? m.Channels is 1 or 3 : m.Channels == asked.Channels, maps[0]);
        return new(map.Name, null, Meaning(model, map.Name, map.Channels, asked), tile);

        (string Name, int Channels)[] Maps((int Height, int Width) at)
        {
            long[] shape = [input.Batch ?? 1, input.Channels, at.Height, at.Width];
            float[] blank = new float[shape.Aggregate(1L, (a, b) => checked(a * b))];
            long[]?[] shapes = session.RunForShapes(blank, shape, names);
            (string, int)[] found =
            [
                .. names.Zip(shapes)
                    .Where(o => o.Second is [_, .., var h, var w] and { Length: 3 or 4 } && (h, w) == at)
                    .Select(o => (o.First, o.Second!.Length == 4 ? (int)o.Second[1] : 1)),
            ];
            return found.Length > 0 ? found : throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Origin,
                "none of its outputs is a map of floats [batch, channels, height, width] of its input's size: for an "
                + $"image [{string.Join(",", shape)}] they are "
                + string.Join(", ", names.Zip(
                    shapes, (n, s) => s is null ? $"{n}, no floats" : $"{n} [{string.Join(",", s)}]"))
                + ". Export the network so that it returns such a map.");
        }
    }

    private static OutputDescription Meaning(OnnxModel model, string output, int channels, OutputDescription? asked)
    {
        ProbabilityEnd end = new(model, output);
        OutputDescription meaning = OutputDescription.Require(
            model.Origin, output, channels, asked, channels == 1 ? OutputDescription.Foreground
            : end.IsSoftmax && ClassesKind.Fits(channels)
                ? new([new(new ClassesKind(channels, true), 0, "class")])
            : channels == 3 && !end.IsProbability(OutputDescription.Cellpose, OutputDescription.Cellpose.Parts[0])
                ? OutputDescription.Cellpose
            : null);
        return new OutputDescription([.. meaning.Parts.Select(Part)], meaning.FlowScale);

        OutputPart Part(OutputPart part) =>
            part.Kind.AsProbability == part.Kind || !end.IsProbability(meaning, part) ? part
            : part.Kind.AsProbability is { } kind ? part with { Kind = kind }
            : throw new SelfAdaptException(
                ErrorKind.OutputsUnknown, model.Origin,
                $"the output '{output}' ends in probabilities, so '{part.Name}' can't be a {part.Kind.Word}: describe its "
                + "channels otherwise.");
    }
}

/// <summary>Which channels of an output are probabilities, as the graph's last operators tell.</summary>
internal sealed class ProbabilityEnd(OnnxModel model, string output)
{
    private static readonly HashSet<string> KeepRange =
    [
        "Identity", "Cast", "Dropout", "Resize", "Upsample", "Slice", "Reshape", "Squeeze", "Unsqueeze", "Transpose",
        "AveragePool", "MaxPool",
    ];

    private readonly Dictionary<string, OnnxNode> _makers = model.Graph.Nodes
        .SelectMany(n => n.Outputs.Where(o => o.Length > 0).Select(o => (o, n))).ToDictionary(p => p.o, p => p.n);

    public bool IsSoftmax => Maker(output) is { OpType: "Softmax" };

    public bool IsProbability(OutputDescription description, OutputPart part)
    {
        if (Maker(output) is not { OpType: "Concat" } joined)
        {
            return Is(output);
        }

        // Channels by their place: one input for each part, or for each channel; or all of a kind.
        IReadOnlyList<string> inputs = joined.Inputs;
        int index = inputs.Count == description.Parts.Count ? description.Parts.ToList().IndexOf(part)
            : inputs.Count == description.Channels ? part.Channel
            : -1;
        bool[] ends = [.. inputs.Select(Is)];
        return index >= 0 ? ends[index]
            : ends.Distinct().Count() == 1 ? ends[0]
            : throw new SelfAdaptException(
                ErrorKind.OutputsUnknown, model.Origin,
                $"some channels of the output '{output}' are probabilities and others are not, in parts that can't be "
                + "told apart: export it without its last Sigmoid.");
    }

    private OnnxNode? Maker(string value)
    {
        OnnxNode? node = _makers.GetValueOrDefault(value);
        while (node is not null && KeepRange.Contains(node.OpType) && node.Inputs.Count > 0)
        {
            node = _makers.GetValueOrDefault(node.Inputs[0]);
        }

        return node;
    }

    private bool Is(string value) => Maker(value) switch
    {
        { OpType: "Sigmoid" or "HardSigmoid" or "Softmax" } => true,
        { OpType: "Clip" } clip => Bound(clip, 1, "min") == 0 && Bound(clip, 2, "max") == 1,
        { OpType: "LogSoftmax" } => throw new SelfAdaptException(
            ErrorKind.ModelUnsupported, model.Origin,
            $"its output '{output}' ends in LogSoftmax: export it with Softmax, or without either."),
        _ => false,
    };

    private float? Bound(OnnxNode clip, int input, string name) =>
        clip.Has(name) ? clip.GetFloat(name, 0)
        : clip.Inputs.Count > input && model.FindWeight(clip.Inputs[input]) is { Count: 1 } stored
            ? stored.ToFloats()[0]
        : null;
}
