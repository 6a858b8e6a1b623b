using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph;

/// <summary>A model's one input, an image [batch, channels, height, width]; free sizes are null.</summary>
/// <param name="ChannelsLast">Whether it is [batch, height, width, channels].</param>
internal sealed record ImageInput(
    string Name, OnnxDataType Type, int? Batch, int Channels, int? Height, int? Width, bool ChannelsLast)
{
    /// <summary>A side, px, that networks take which do not tell their sizes: it can be halved eight times.</summary>
    public const int CommonSide = 256;

    private const int MostChannels = 1024;
    private const int LongestSide = 1 << 16;

    /// <summary>Whether it takes intensities as they are in files, not normalised ones.</summary>
    public bool IsInteger => !OnnxDataTypes.IsFloating(Type);

    public bool HasFixedSize => (Batch ?? Height ?? Width) is not null;

    /// <summary>The one size of tiles that it takes, px; null where any will do.</summary>
    public (int Height, int Width)? TileSize =>
        (Height ?? Width) is null ? null : (Height ?? CommonSide, Width ?? CommonSide);

    /// <exception cref="SelfAdaptException">ModelUnsupported: it takes something else.</exception>
    public static ImageInput Read(OnnxModel model)
    {
        if (model.Graph.Inputs is not [OnnxValueInfo image])
        {
            string all = string.Join(", ", model.Graph.Inputs.Select(i => i.ToString()));
            throw Unfit(model, $"it has {model.Graph.Inputs.Count} inputs ({all}) where one image belongs");
        }

        if (image.Shape is not { Count: 4 } shape)
        {
            throw Unfit(model, $"its input {image} is no image");
        }

        bool last = shape[3].Value is >= 1 and <= 4 && shape[1].Value is not (>= 1 and <= 4);
        if (last)
        {
            shape = [shape[0], shape[3], shape[1], shape[2]];
        }

        if ((shape[1].Value ?? FirstConvolution(model, image.Name)) is not (>= 1 and <= MostChannels and long channels))
        {
            throw Unfit(model, $"its input {image} does not tell how many channels it has, up to {MostChannels}");
        }

        if (OnnxDataTypes.Size(image.ElementType) == 0 || image.ElementType == OnnxDataType.Bool)
        {
            throw Unfit(model, $"its input {image} is no image of numbers");
        }

        OnnxDimension[] sizes = [shape[0], shape[2], shape[3]];
        return sizes.All(s => s.Value is null or >= 1 and <= LongestSide)
            ? new(image.Name, image.ElementType, (int?)sizes[0].Value, (int)channels, (int?)sizes[1].Value,
                (int?)sizes[2].Value, last)
            : throw Unfit(model, $"its input {image} has an impossible size");
    }

    /// <summary>The same, for what feeds images with their channels first.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it takes something else.</exception>
    public static ImageInput ReadChannelsFirst(OnnxModel model) => Read(model) is { ChannelsLast: false } first
        ? first
        : throw Unfit(model, $"its input {model.Graph.Inputs[0]} has the channels last");

    private static long? FirstConvolution(OnnxModel model, string image) => model.Graph.Nodes
        .Where(n => n.OpType == "Conv" && n.Inputs.Count > 1 && (n.Inputs[0] == image || n.Inputs[0] == InputPower.Raised))
        .Select(n => model.FindWeight(n.Inputs[1]) is { Dims.Count: 4 } weight
            ? (long?)(weight.Dims[1] * n.GetInt("group", 1))
            : null)
        .FirstOrDefault();

    private static SelfAdaptException Unfit(OnnxModel model, string why) => new(
        ErrorKind.ModelUnsupported, model.Origin,
        $"this model is no segmentation network as they are taken here: {why}. Export the bare network with one input "
        + "[batch, channels, height, width].");
}
