using System.Globalization;
using System.Xml;

namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>Planes that follow each other in a file, by OME-XML.</summary>
internal sealed record OmeRun
{
    /// <summary>The first page in its file; null for where the run before ended.</summary>
    public int? Page { get; init; }

    public int Channel { get; init; }

    public int Slice { get; init; }

    public int Time { get; init; }

    /// <summary>How many planes; null for all that the series has.</summary>
    public int? Count { get; init; }

    /// <summary>The file's name; null for the one that says so.</summary>
    public string? FileName { get; init; }

    /// <summary>The file's identity; null if it is not told.</summary>
    public string? FileId { get; init; }
}

/// <summary>A series of planes (OME's Pixels).</summary>
/// <param name="Order">Its dimensions, the fastest first.</param>
internal sealed record OmeSeries(int Channels, int Slices, int Times, string Order)
{
    /// <summary>Values of a pixel in one plane.</summary>
    public int SamplesPerChannel { get; init; } = 1;

    public List<OmeRun> Runs { get; init; } = [];

    public long Planes => (long)Channels * Slices * Times;
}

/// <summary>What of OME-XML says which plane is which.</summary>
/// <param name="Id">The identity of the file that holds it; null if it tells none.</param>
internal sealed record OmeDescription(string? Id, IReadOnlyList<OmeSeries> Series)
{
    private const int MaximumSize = 1_000_000;
    private const int MaximumXmlCharacters = 64_000_000;

    /// <summary>The file that has the description, where this one only refers to it; null otherwise.</summary>
    public string? MetadataFile { get; private init; }

    /// <summary>Files that the series name.</summary>
    public IEnumerable<string> FileNames =>
        Series.SelectMany(s => s.Runs).Select(r => r.FileName).OfType<string>().Distinct();

    /// <returns>Null if this is no OME-XML or it is not valid.</returns>
    public static OmeDescription? TryParse(string description)
    {
        if (!description.Contains("<OME", StringComparison.Ordinal))
        {
            return null;
        }

        (string? id, string? metadata) = (null, null);
        List<OmeSeries> series = [];
        XmlReaderSettings settings = new()
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MaximumXmlCharacters,
        };
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(description.Trim()), settings);
            bool inRun = false;
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element)
                {
                    inRun &= reader.NodeType != XmlNodeType.EndElement || reader.LocalName != "TiffData";
                    continue;
                }

                switch (reader.LocalName)
                {
                    case "OME":
                        id = reader.GetAttribute("UUID");
                        break;
                    case "BinaryOnly":
                        metadata = reader.GetAttribute("MetadataFile");
                        break;
                    case "Pixels":
                        series.Add(SeriesOf(reader));
                        break;
                    case "Channel" when series.Count > 0:
                        // SizeC counts samples; planes are fewer when a channel holds RGB.
                        int samples = Size(reader, "SamplesPerPixel");
                        series[^1] = series[^1] with
                        {
                            Channels = Math.Max(1, series[^1].Channels - (samples - 1)),
                            SamplesPerChannel = samples,
                        };
                        break;
                    case "TiffData" when series.Count > 0:
                        inRun = !reader.IsEmptyElement;
                        series[^1].Runs.Add(RunOf(reader));
                        break;
                    case "UUID" when inRun:
                        series[^1].Runs[^1] = series[^1].Runs[^1] with
                        {
                            FileName = reader.GetAttribute("FileName"),
                            FileId = reader.IsEmptyElement ? null : reader.ReadString().Trim(),
                        };
                        break;
                }
            }
        }
        catch (XmlException)
        {
            return null;
        }

        return series.Count > 0 || metadata is not null
            ? new OmeDescription(id, series) { MetadataFile = metadata }
            : null;
    }

    private static OmeSeries SeriesOf(XmlReader reader) => new(
        Size(reader, "SizeC"), Size(reader, "SizeZ"), Size(reader, "SizeT"),
        reader.GetAttribute("DimensionOrder") ?? "XYCZT");

    private static OmeRun RunOf(XmlReader reader) => new()
    {
        Page = Number(reader, "IFD"),
        Channel = Number(reader, "FirstC") ?? 0,
        Slice = Number(reader, "FirstZ") ?? 0,
        Time = Number(reader, "FirstT") ?? 0,
        Count = Number(reader, "PlaneCount") ?? Number(reader, "NumPlanes")
            ?? (Number(reader, "IFD") is null ? null : 1),
    };

    private static int Size(XmlReader reader, string attribute) => Math.Max(1, Number(reader, attribute) ?? 1);

    private static int? Number(XmlReader reader, string attribute)
        => int.TryParse(
            reader.GetAttribute(attribute), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? Math.Min(number, MaximumSize)
            : null;
}
