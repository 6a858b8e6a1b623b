using System.Buffers.Binary;
using System.Text.Json;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>Reads safetensors: the header's length, the header in JSON, then the tensors' bytes.</summary>
internal static class SafeTensors
{
    // The header of Cellpose's network has 30 KB.
    private const ulong HeaderLimit = 4 << 20;
    private const int MaxRank = 16;

    private static readonly Dictionary<string, OnnxDataType> Types = new()
    {
        ["F64"] = OnnxDataType.Double,
        ["F32"] = OnnxDataType.Float,
        ["F16"] = OnnxDataType.Float16,
        ["BF16"] = OnnxDataType.BFloat16,
        ["I64"] = OnnxDataType.Int64,
    };

    public static bool LooksLikeOne(ReadOnlySpan<byte> head) =>
        head.Length > sizeof(ulong) && head[sizeof(ulong)] == '{'
        && BinaryPrimitives.ReadUInt64LittleEndian(head) <= uint.MaxValue;

    public static List<OnnxTensor> Read(byte[] bytes, string origin)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (length > HeaderLimit || length > (ulong)(bytes.Length - sizeof(ulong)))
        {
            throw Malformed(
                $"its header claims {length} bytes; the file has {bytes.Length}, and up to {HeaderLimit} are read");
        }

        ModelSource source = new(bytes, origin);
        int start = sizeof(ulong) + (int)length;
        try
        {
            using JsonDocument header = JsonDocument.Parse(bytes.AsMemory(sizeof(ulong), (int)length));
            List<(OnnxTensor Tensor, long Begin, long End)> found = [.. header.RootElement.EnumerateObject()
                .Where(p => p.Name != "__metadata__").Select(p => ReadTensor(p.Name, p.Value))];
            if (found.Select(t => t.Tensor.Name).Distinct().Count() < found.Count)
            {
                throw Malformed("two tensors have the same name");
            }

            (OnnxTensor Tensor, long Begin, long End)[] sorted = [.. found.OrderBy(t => t.Begin).ThenBy(t => t.End)];
            for (int i = 1; i < sorted.Length; i++)
            {
                if (sorted[i].Begin < sorted[i - 1].End)
                {
                    throw Malformed($"'{sorted[i].Tensor.Name}' and '{sorted[i - 1].Tensor.Name}' lie over each other");
                }
            }

            return [.. found.Select(t => t.Tensor)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException
            or KeyNotFoundException)
        {
            throw Malformed($"its header is none ({e.Message.TrimEnd('.')})");
        }

        (OnnxTensor Tensor, long Begin, long End) ReadTensor(string name, JsonElement entry)
        {
            string word = entry.GetProperty("dtype").GetString() ?? "";
            if (!Types.TryGetValue(word, out OnnxDataType type))
            {
                throw Malformed($"'{name}' is of the type '{word}'; {string.Join(", ", Types.Keys)} are read");
            }

            long[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
            long[] offsets = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt64())];
            if (offsets is not [>= 0 and long begin, long end] || end < begin || end > bytes.Length - start)
            {
                throw Malformed($"'{name}' leaves the file");
            }

            long size = OnnxDataTypes.Size(type);
            bool possible = shape.Length <= MaxRank;
            foreach (long side in shape)
            {
                possible = possible && side >= 0 && (side == 0 || size <= bytes.Length / side);
                size *= possible ? side : 0;
            }

            // The values stay where they are: entries that lie over each other take no memory before they are refused.
            return possible && size == end - begin
                ? (new OnnxTensor(
                    name, type, shape, size / OnnxDataTypes.Size(type),
                    new TensorData(source) { Raw = new ByteRange(start + (int)begin, (int)size) }, default), begin, end)
                : throw Malformed($"'{name}' is [{string.Join(',', shape)}], which {end - begin} bytes are not");
        }

        SelfAdaptException Malformed(string why) => TorchArchive.Malformed(origin, "safetensors file", why);
    }
}
