namespace SelfAdapt.Files.Images;

/// <summary>Microscopes' own formats, which are named as skipped instead of passed over in silence.</summary>
internal static class ForeignFormats
{
    private const string Convert =
        "convert it to OME-TIFF with bfconvert (Bio-Formats: bfconvert IN OUT.ome.tiff), or open it in Fiji "
        + "(File > Import > Bio-Formats) and save it as TIFF.";

    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        [".czi"] = "Zeiss' CZI",
        [".zvi"] = "Zeiss' ZVI",
        [".nd2"] = "Nikon's ND2",
        [".lif"] = "Leica's LIF",
        [".scn"] = "Leica's SCN",
        [".vsi"] = "Olympus' VSI",
        [".oib"] = "Olympus' OIB",
        [".oif"] = "Olympus' OIF",
        [".ims"] = "Imaris' IMS",
        [".dv"] = "DeltaVision's DV",
        [".flex"] = "Opera's FLEX",
        [".dax"] = "DAX",
        [".nrrd"] = "NRRD",
        [".mrc"] = "MRC",
    };

    /// <summary>Why a file is not read and what to do, by its name's ending; null if it is not one of these.</summary>
    public static string? WhyNotRead(string path) =>
        Names.TryGetValue(Path.GetExtension(path), out string? name)
            ? $"{name} ({Path.GetExtension(path)} files) isn't read; {Convert}"
            : null;
}
