using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph;

/// <summary>A small tensor known at import: sizes, scales, axes.</summary>
/// <param name="Dims">Its dimensions; empty for a scalar.</param>
/// <param name="Values">Its values; integers up to 2^53 are exact.</param>
internal sealed record Constant(OnnxDataType Type, long[] Dims, double[] Values)
{
    /// <summary>The values as integers; what lies beyond their range becomes the nearest.</summary>
    public long[] Integers => [.. Values.Select(v => (long)v)];

    /// <summary>Whether its type is one of floating-point numbers.</summary>
    public bool IsFloating => OnnxDataTypes.IsFloating(Type);
}

/// <summary>
/// Evaluates the size computations that exporters leave in a graph, each value in its element type as ONNX has it. What
/// ONNX leaves open (overflow, division of integers by zero) is not folded.
/// </summary>
internal static class ConstantFolder
{
    private const int MaxValues = 1 << 16;

    /// <summary>The node's value, or null where the operator is none of those that sizes are computed with.</summary>
    /// <param name="inputs">Its inputs; null where absent.</param>
    public static Constant? Fold(OnnxNode node, IReadOnlyList<Constant?> inputs)
    {
        if (inputs.Count == 0 || inputs[0] is not { } x)
        {
            return null;
        }

        Constant? folded = node.OpType switch
        {
            "Identity" => x,
            "Cast" => Cast(x, (OnnxDataType)node.GetInt("to", 0)),
            "Shape" => new Constant(OnnxDataType.Int64, [x.Dims.Length], [.. x.Dims.Select(d => (double)d)]),
            "Neg" => Map(x, v => -v),
            "Floor" => Map(x, Math.Floor),
            "Ceil" => Map(x, Math.Ceiling),
            "Sqrt" => Map(x, Math.Sqrt),
            "Add" => Zip(x, inputs.ElementAtOrDefault(1), (a, b) => a + b),
            "Sub" => Zip(x, inputs.ElementAtOrDefault(1), (a, b) => a - b),
            "Mul" => Zip(x, inputs.ElementAtOrDefault(1), (a, b) => a * b),
            "Div" => Zip(x, inputs.ElementAtOrDefault(1), x.IsFloating ? (a, b) => a / b : DivideIntegers),
            "Gather" => Gather(node, x, inputs.ElementAtOrDefault(1)),
            "Slice" => Slice(node, x, inputs),
            "Concat" => Join(inputs),
            "Reshape" when inputs.ElementAtOrDefault(1)?.Integers is [var rows, var columns] => Tabled(x, rows, columns),
            "Transpose" => Transposed(node, x),
            "Unsqueeze" or "Squeeze" or "Reshape" => x with { Dims = x.Values.Length == 1 ? [] : [x.Values.Length] },
            "ConstantOfShape" => Filled(node, x),
            _ => null,
        };
        return folded is { Values.Length: > MaxValues } ? null : folded;
    }

    /// <summary>The constant in a tensor, or null where it is too large to be one of sizes.</summary>
    public static Constant? From(OnnxTensor tensor) =>
        tensor.Count > MaxValues
            ? null
            : new Constant(
                tensor.DataType, [.. tensor.Dims],
                tensor.DataType == OnnxDataType.Double
                    ? [.. tensor.Data.Elements(tensor.DataType).Select(BitConverter.UInt64BitsToDouble)]
                    : OnnxDataTypes.IsFloating(tensor.DataType)
                        ? [.. tensor.ToFloats().Select(v => (double)v)]
                        : [.. tensor.ToInt64s().Select(v => (double)v)]);

    private static Constant? Cast(Constant x, OnnxDataType to) =>
        to == x.Type ? x
        : OnnxDataTypes.IsFloating(to) || to == OnnxDataType.Bool ? Stored(x with { Type = to })
        : Map(x with { Type = to }, Math.Truncate);

    /// <summary>Towards zero; NaN, which is no integer, by zero.</summary>
    private static double DivideIntegers(double a, double b) => b == 0 ? double.NaN : Math.Truncate(a / b);

    private static Constant? Map(Constant x, Func<double, double> f) =>
        Stored(x with { Values = [.. x.Values.Select(f)] });

    /// <summary>The values as their type holds them; null where an integer is none, or beyond its type.</summary>
    private static Constant? Stored(Constant x)
    {
        (double least, double most) = OnnxDataTypes.Range(x.Type);
        return x.Type switch
        {
            OnnxDataType.Double => x,
            OnnxDataType.Bool => x with { Values = [.. x.Values.Select(v => v == 0 ? 0.0 : 1)] },
            _ when x.IsFloating => x with
            {
                Values =
                [
                    .. x.Values.Select(v => (double)ElementBits.ToFloat(
                        x.Type, ElementBits.FromFloat(x.Type, (float)v)))
                ],
            },
            _ when OnnxDataTypes.Size(x.Type) > 0
                && x.Values.All(v => v >= least && v <= most && v == Math.Truncate(v)) => x,
            _ => null,
        };
    }

    private static Constant? Zip(Constant a, Constant? b, Func<double, double, double> f)
    {
        if (b is null || a.Type != b.Type || a.Values.Length == 0 || b.Values.Length == 0
            || (a.Values.Length != b.Values.Length && a.Values.Length != 1 && b.Values.Length != 1))
        {
            return null;
        }

        int length = Math.Max(a.Values.Length, b.Values.Length);
        double[] values = new double[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = f(a.Values[i % a.Values.Length], b.Values[i % b.Values.Length]);
        }

        return Stored(new Constant(a.Type, a.Values.Length == length ? a.Dims : b.Dims, values));
    }

    private static Constant? Tabled(Constant x, long rows, long columns)
    {
        int count = x.Values.Length;
        rows = rows == -1 && columns > 0 ? count / columns : rows;
        columns = columns == -1 && rows > 0 ? count / rows : columns;
        return rows > 0 && columns > 0 && rows <= count && columns <= count && rows * columns == count
            ? x with { Dims = [rows, columns] }
            : null;
    }

    private static Constant? Transposed(OnnxNode node, Constant x)
    {
        if (x.Dims.Length != 2 || (node.GetInts("perm") ?? [1, 0]) is not [1, 0])
        {
            return null;
        }

        (int rows, int columns) = ((int)x.Dims[0], (int)x.Dims[1]);
        return new Constant(
            x.Type, [columns, rows],
            [.. Enumerable.Range(0, rows * columns).Select(i => x.Values[(i % rows * columns) + (i / rows)])]);
    }

    private static Constant? Gather(OnnxNode node, Constant x, Constant? indices)
    {
        if (indices is null || x.Dims.Length != 1 || node.GetInt("axis", 0) != 0)
        {
            return null;
        }

        long[] at = [.. indices.Integers.Select(i => i < 0 ? i + x.Values.Length : i)];
        return at.All(i => i >= 0 && i < x.Values.Length)
            ? new Constant(x.Type, indices.Dims, [.. at.Select(i => x.Values[i])])
            : null;
    }

    private static Constant? Slice(OnnxNode node, Constant x, IReadOnlyList<Constant?> inputs)
    {
        long[]? starts = inputs.Count > 1 ? inputs[1]?.Integers : node.GetInts("starts");
        long[]? ends = inputs.Count > 2 ? inputs[2]?.Integers : node.GetInts("ends");
        long step = inputs.ElementAtOrDefault(4)?.Integers is [long given, ..] ? given : 1;
        if (x.Dims.Length == 2 && step == -1 && starts is [-1] && ends is [< -int.MaxValue] && inputs[3]?.Integers is [0])
        {
            // The rows in reverse order: as torch turns its pads into ONNX's.
            return x with { Values = [.. x.Values.Chunk((int)x.Dims[1]).Reverse().SelectMany(r => r)] };
        }

        if (x.Dims.Length != 1 || starts is not [long start] || ends is not [long end] || step != 1)
        {
            return null;
        }

        int length = x.Values.Length;
        int from = (int)Math.Clamp(start < 0 ? start + length : start, 0, length);
        int to = (int)Math.Clamp(end < 0 ? end + length : end, from, length);
        return new Constant(x.Type, [to - from], x.Values[from..to]);
    }

    private static Constant? Join(IReadOnlyList<Constant?> parts) =>
        parts.All(p => p is { Dims.Length: <= 1 } && p.Type == parts[0]!.Type) && parts.Sum(p => (long)p!.Values.Length) <= MaxValues
            ? new Constant(parts[0]!.Type, [parts.Sum(p => p!.Values.Length)], [.. parts.SelectMany(p => p!.Values)])
            : null;

    private static Constant? Filled(OnnxNode node, Constant shape)
    {
        double count = shape.Values.Aggregate(1.0, (a, b) => a * b);
        OnnxTensor? given = node.GetTensor("value");
        if (count is not (>= 0 and <= MaxValues) || shape.Values.Any(v => v < 0) || given is { Count: not 1 })
        {
            return null;
        }

        Constant one = given is null ? new Constant(OnnxDataType.Float, [1], [0]) : From(given)!;
        double[] values = new double[(int)count];
        Array.Fill(values, one.Values[0]);
        return new Constant(one.Type, shape.Integers, values);
    }
}
