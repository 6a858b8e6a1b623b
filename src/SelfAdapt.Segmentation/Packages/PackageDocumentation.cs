using System.Globalization;
using System.Text;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>The README of a package: how to prepare images, what comes out, what is known of the quality.</summary>
internal static class PackageDocumentation
{
    public static string Write(PackageRequest request, ModelVariant variant, Network network)
    {
        SegmentationOptions preparation = request.Preparation;
        StringBuilder text = new();
        Line(text, $"# {request.Name}\n\n{request.Description}\n");
        text.Append("## How to use\n\n");
        if (network.Outputs.HasFlow)
        {
            Line(text,
                $"Images must be at the network's scale: objects about {preparation.DiamMean:0.##} px across. "
                + (preparation.Rescale == 1
                    ? "The images that this package was made for have that scale."
                    : $"Objects of the images that it was made for are {preparation.Diameter:0.##} px across, so "
                        + $"they are resized by {preparation.Rescale:0.####} first."));
        }

        Line(text, network.InputChannels == 2
            ? "Two channels go in: the objects to find and a helper such as nuclei, zeros where there is none."
            : $"Channels: {network.InputChannels}.");
        text.Append(preparation.Normalization switch
        {
            IntensityNormalization.Percentile =>
                "Each channel's 1st percentile becomes 0 and its 99th 1. Cellpose takes them over the whole image; a "
                + "program that prepares every tile by itself gives slightly different results.\n",
            IntensityNormalization.ZeroMeanUnitVariance => "Each channel gets mean 0 and variance 1.\n",
            _ => "Intensities go in as they are.\n",
        });
        Line(text, variant is { Height: { } height, Width: { } width }
            ? $"Tiles are {height}x{width} px."
            : $"Tile sides are {PackageDescription.LeastSide} px or more, in steps of {PackageDescription.SideStep}; "
                + $"{PackageDescription.Halo} px at the rim are to be cut off.");
        text.Append('\n').Append(network.Outputs.HasFlow
            ? "The output is no mask: two channels hold the flow (rows, then columns) and one the logit of being in "
                + "a cell. Masks come from following the flow from every pixel with a logit above 0, as Cellpose "
                + "does; Cellpose itself, or `selfadapt segment`, does that. The sigmoid of the last channel is a "
                + "foreground probability.\n\n"
            : "The output holds raw values: the sigmoid of a logit is a probability.\n\n");
        text.Append("## Validation\n\n");
        foreach (string sentence in request.Validation)
        {
            Line(text, $"- {sentence}");
        }

        Line(text,
            $"- `{PackageFiles.TestInput}` was cut from an image that the model is for; ONNX Runtime must turn it, "
            + $"prepared as described, into `{PackageFiles.TestOutput}` within 0.001.");
        text.Append("- Check it with `bioimageio test rdf.yaml`, and on images of your own against masks that you "
            + "trust, before you rely on it.\n");
        return text.ToString();
    }

    private static void Line(StringBuilder text, System.FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
