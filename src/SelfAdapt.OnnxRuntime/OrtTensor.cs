using System;
using System.Collections.Generic;

namespace SelfAdapt.OnnxRuntime;

/// <summary>A float tensor that goes into or comes out of a session.</summary>
public sealed class OrtTensor
{
    /// <summary>Wraps values.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="values">Elements, row-major.</param>
    /// <exception cref="ArgumentException">The number of values is not the product of the sizes.</exception>
    public OrtTensor(IReadOnlyList<long> shape, float[] values)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(values);
        long count = 1;
        foreach (long size in shape)
        {
            count *= size;
        }

        if (count != values.Length)
        {
            throw new ArgumentException($"{values.Length} values are no [{string.Join(',', shape)}] tensor.");
        }

        (Shape, Values) = (shape, values);
    }

    /// <summary>Sizes.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Elements, row-major.</summary>
    public float[] Values { get; }
}
