using System.Globalization;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>A labelled image made ready for training (docs/cellpose.md 5.1 and 5.2).</summary>
/// <param name="Input">[input channels, height, width], selected and normalised, at the image's own
/// scale.</param>
/// <param name="Cell">[height, width]: 1 in cells, 0 elsewhere.</param>
/// <param name="Flow">
/// What the targets keep of the masks: unit flow [2, height, width], row and column component; or labels [1, height, width].
/// </param>
/// <param name="Diameter">Median diameter of its cells, px, at least 5.</param>
internal sealed record TrainingSample(string Name, Image Input, float[] Cell, Image Flow, double Diameter);

/// <summary>Labelled images with their targets.</summary>
/// <param name="Targets">What is learned from masks.</param>
/// <param name="LeftOut">Names of the images left out because they hold too few cells.</param>
internal sealed record TrainingSet(
    TrainingSetOptions Options, int InputChannels, MaskTargets Targets, IReadOnlyList<TrainingSample> Samples,
    IReadOnlyList<string> LeftOut)
{
    private const double LeastDiameter = 5;

    /// <summary>Mean diameter of the images that are used, px: a checkpoint's <c>diam_labels</c>.</summary>
    public double MeanDiameter => Samples.Average(sample => sample.Diameter);

    /// <param name="options">Channels, normalisation, least number of cells.</param>
    /// <param name="targets">What is learned; null: Cellpose's.</param>
    public static TrainingSet Create(
        IEnumerable<LabelledImage> images, TrainingSetOptions options, int inputChannels, MaskTargets? targets = null)
    {
        options.Validate();
        targets ??= new FlowTargets();
        List<TrainingSample> samples = [];
        List<string> leftOut = [];
        foreach (LabelledImage image in images)
        {
            RequireSameSize(image);
            if (CellGeometry.Count(image.Masks) < options.MinTrainMasks)
            {
                leftOut.Add(image.Name);
            }
            else
            {
                samples.Add(Prepare(image, options, inputChannels, targets));
            }
        }

        if (samples.Count == 0)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, string.Create(CultureInfo.InvariantCulture,
                $"None of the {leftOut.Count} labelled images holds at least {options.MinTrainMasks} cells, "
                + $"so there is nothing to train on. Add images or lower that number."));
        }

        return new(options, inputChannels, targets, samples, leftOut);
    }

    private static TrainingSample Prepare(
        LabelledImage image, TrainingSetOptions options, int inputChannels, MaskTargets targets)
    {
        Image input = ImagePreparation.SelectChannels(
            image.Image, options.Channels, inputChannels, image.Name);
        ImagePreparation.Normalize(input, options.Normalization, invert: false, image.Name);
        InputPower.Raise(input.Pixels, options.Gamma);
        return new(
            image.Name,
            input,
            Array.ConvertAll(image.Masks.Labels, label => label > 0 ? 1f : 0f),
            targets.Prepare(image.Masks),
            Math.Max(LeastDiameter, CellGeometry.MedianDiameter(image.Masks)));
    }

    private static void RequireSameSize(LabelledImage image)
    {
        if (image.Image.Height != image.Masks.Height || image.Image.Width != image.Masks.Width)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, image.Name, string.Create(
                CultureInfo.InvariantCulture,
                $"the image has {image.Image.Height}x{image.Image.Width} pixels, its masks "
                + $"have {image.Masks.Height}x{image.Masks.Width}. Check that the files belong together."));
        }
    }
}
