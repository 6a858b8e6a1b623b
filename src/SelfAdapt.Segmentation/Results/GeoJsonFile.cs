using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Results;

/// <summary>
/// Cells as GeoJSON that QuPath opens: a FeatureCollection of detections whose polygons cover exactly the cells'
/// pixels, holes kept, y down, in pixels. Written cell by cell, so that many cells need little memory.
/// </summary>
internal static class GeoJsonFile
{
    private const int FlushEvery = 1 << 16;

    /// <param name="name">The image's name: cells of one name and label always get the same id.</param>
    public static void Write(string path, string name, LabelImage masks)
    {
        OutputFile.Write(path, stream =>
        {
            using Utf8JsonWriter json = new(stream, JsonStyle.Writer);
            OutlineTracer tracer = new(masks);
            json.WriteStartObject();
            json.WriteString("type", "FeatureCollection");
            json.WriteStartArray("features");
            foreach ((int label, LabelRegion region) in CellList.Of(masks))
            {
                JsonSerializer.Serialize(json, Feature(name, label, region, tracer.Polygons(label, region)));
                if (json.BytesPending > FlushEvery)
                {
                    json.Flush();
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static object Feature(
        string name, int label, LabelRegion region, IReadOnlyList<IReadOnlyList<OutlinePoint[]>> polygons)
    {
        int[][][][] coordinates = [.. polygons.Select(Rings)];
        return new
        {
            type = "Feature",
            id = Id(name, label),
            geometry = new
            {
                type = coordinates.Length == 1 ? "Polygon" : "MultiPolygon",
                coordinates = coordinates.Length == 1 ? coordinates[0] : (object)coordinates,
            },
            properties = new
            {
                objectType = "detection",
                name = label.ToString(CultureInfo.InvariantCulture),
                measurements = new Dictionary<string, int> { ["Area px^2"] = region.Area },
            },
        };
    }

    private static int[][][] Rings(IReadOnlyList<OutlinePoint[]> polygon) =>
        [.. polygon.Select(ring => ring.Append(ring[0]).Select(point => new[] { point.X, point.Y }).ToArray())];

    /// <summary>A UUID of version 8: made from a hash, so that the same cell has the same id in every file.</summary>
    private static Guid Id(string name, int label)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{name}\n{label}")));
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
