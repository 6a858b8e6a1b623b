using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
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
                WriteFeature(json, name, label, region, tracer.Polygons(label, region));
                if (json.BytesPending > FlushEvery)
                {
                    json.Flush();
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void WriteFeature(
        Utf8JsonWriter json, string name, int label, LabelRegion region,
        IReadOnlyList<IReadOnlyList<OutlinePoint[]>> polygons)
    {
        json.WriteStartObject();
        json.WriteString("type", "Feature");
        json.WriteString("id", Id(name, label));
        json.WriteStartObject("geometry");
        json.WriteString("type", polygons.Count == 1 ? "Polygon" : "MultiPolygon");
        json.WritePropertyName("coordinates");
        if (polygons.Count == 1)
        {
            WritePolygon(json, polygons[0]);
        }
        else
        {
            json.WriteStartArray();
            foreach (IReadOnlyList<OutlinePoint[]> polygon in polygons)
            {
                WritePolygon(json, polygon);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteStartObject("properties");
        json.WriteString("objectType", "detection");
        json.WriteString("name", label.ToString(CultureInfo.InvariantCulture));
        json.WriteStartObject("measurements");
        json.WriteNumber("Area px^2", region.Area);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WritePolygon(Utf8JsonWriter json, IReadOnlyList<OutlinePoint[]> rings)
    {
        json.WriteStartArray();
        foreach (OutlinePoint[] ring in rings)
        {
            json.WriteStartArray();
            foreach (OutlinePoint point in ring.Append(ring[0]))
            {
                json.WriteStartArray();
                json.WriteNumberValue(point.X);
                json.WriteNumberValue(point.Y);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

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
