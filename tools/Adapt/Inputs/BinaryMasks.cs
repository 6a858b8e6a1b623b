using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Inputs;

/// <summary>Reads masks of a folder; where none of them holds more than one value, its connected parts are the cells.</summary>
internal sealed class BinaryMasks
{
    private readonly bool _binary;

    private BinaryMasks(bool binary) => _binary = binary;

    /// <summary>Looks whether masks are binary, and says so.</summary>
    /// <param name="files">The files of one folder.</param>
    public static BinaryMasks Look(string folder, IEnumerable<string> files, Terminal terminal)
    {
        bool binary = false;
        foreach (int? values in files.Select(CountValues))
        {
            binary = values is 1 || (values is 0 or null && binary);
            if (values > 1)
            {
                break;
            }
        }

        if (binary)
        {
            terminal.Error.WriteLine(
                $"{folder}: its masks hold one value each, so their connected parts are taken for cells. Cells that touch "
                + "count as one: label images, one number per cell, tell them apart.");
        }

        return new BinaryMasks(binary);
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="SelfAdaptException">As <see cref="LabelFile.Read"/>.</exception>
    public LabelImage Read(string file)
    {
        LabelImage masks = LabelFile.Read(file);
        return _binary
            ? MaskCleanup.Components(masks.Labels, masks.Height, masks.Width)
            : masks;
    }

    /// <summary>How many cells' numbers a file holds, 2 standing for more; null where it can't be read.</summary>
    private static int? CountValues(string file)
    {
        try
        {
            return LabelFile.Read(file).Labels.Where(l => l != 0).Distinct().Take(2).Count();
        }
        catch (SelfAdaptException)
        {
            // Whoever reads it next says why.
            return null;
        }
    }
}
